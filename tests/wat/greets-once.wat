;; A single function that may be called `greet`.
(component
  (core module $m (func (export "greet") (result i32) i32.const 1))
  (core instance $i (instantiate $m))
  (func $greet (result u32) (canon lift (core func $i "greet")))
  (instance $greets (export "greet" (func $greet)))
  (export "demo:greets/one" (instance $greets)))
