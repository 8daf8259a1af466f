;; Returns the answer of its host: `label: func() -> string`, imported and exported at world level.
(component
  (import "label" (func $label (result string)))
  (core module $memory
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      global.get $next
      global.get $next
      local.get 3
      i32.add
      global.set $next))
  (core instance $memory (instantiate $memory))
  (core func $label-core
    (canon lower (func $label) (memory $memory "memory") (realloc (func $memory "realloc"))))
  (core module $main
    (import "" "label" (func $label (param i32)))
    (func (export "label") (result i32)
      i32.const 16
      call $label
      i32.const 16))
  (core instance $main
    (instantiate $main (with "" (instance (export "label" (func $label-core))))))
  (func (export "label") (result string)
    (canon lift (core func $main "label") (memory $memory "memory"))))
