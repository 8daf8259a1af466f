;; Exports a function that exits successfully without returning its number.
(component
  (import "wasi:cli/exit@0.2.0" (instance $exit (export "exit" (func (param "status" (result))))))
  (core func $exit (canon lower (func $exit "exit")))
  (core module $m
    (import "" "exit" (func $exit (param i32)))
    (func (export "stop") (result i32) (call $exit (i32.const 0)) unreachable))
  (core instance $i (instantiate $m (with "" (instance (export "exit" (func $exit))))))
  (func $stop (result u32) (canon lift (core func $i "stop")))
  (instance $api (export "stop" (func $stop)))
  (export "acme:stops/api" (instance $api)))
