;; A source of u32: returns 1, fails, returns 3, and then ends.
(component
  (core module $m
    (memory (export "memory") 1)
    (global $calls (mut i32) (i32.const 0))
    (data (i32.const 64) "no two")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
    ;; result<option<u32>, string> at 16: its case; at 20 the case of the option or the address of
    ;; the text; at 24 the number or the length of the text.
    (func (export "next") (result i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (i32.store8 (i32.const 16) (i32.eq (global.get $calls) (i32.const 2)))
      (i32.store (i32.const 20) (i32.lt_u (global.get $calls) (i32.const 4)))
      (i32.store (i32.const 24) (global.get $calls))
      (if (i32.eq (global.get $calls) (i32.const 2))
        (then
          (i32.store (i32.const 20) (i32.const 64))
          (i32.store (i32.const 24) (i32.const 6))))
      i32.const 16))
  (core instance $i (instantiate $m))
  (func $next (result (result (option u32) (error string)))
    (canon lift (core func $i "next") (memory $i "memory") (realloc (func $i "realloc"))))
  (instance $source (export "next" (func $next)))
  (export "demo:source/numbers" (instance $source)))
