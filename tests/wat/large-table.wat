;; A table larger than a slot of the pool, as in interpreters.
(component
  (core module $m
    (table 20000 funcref)
    (func (export "answer") (result i32) (i32.const 42)))
  (core instance $i (instantiate $m))
  (func (export "answer") (result u32) (canon lift (core func $i "answer"))))
