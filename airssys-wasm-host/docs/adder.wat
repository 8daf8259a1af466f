;; The component of the examples in this crate's documentation.
(component
  (core module $m
    (func (export "double") (param i32) (result i32)
      (i32.mul (local.get 0) (i32.const 2))))
  (core instance $i (instantiate $m))
  (func $double (param "n" u32) (result u32) (canon lift (core func $i "double")))
  (instance $api (export "double" (func $double)))
  (export "demo:math/api" (instance $api)))
