;; Calls a function of another component, and has no result itself.
(component
  (import "acme:stops/api" (instance $api (export "stop" (func (result u32)))))
  (core func $stop (canon lower (func $api "stop")))
  (core module $m
    (import "" "stop" (func $stop (result i32)))
    (func (export "go") (drop (call $stop))))
  (core instance $i (instantiate $m (with "" (instance (export "stop" (func $stop))))))
  (func (export "go") (canon lift (core func $i "go"))))
