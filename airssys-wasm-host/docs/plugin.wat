;; A plugin of the guide: appends to the current document, and prints a line.
(component
  (import "demo:editor/documents@0.1.0" (instance $documents
    (export "document" (type $document (sub resource)))
    (export "[method]document.append" (func (param "self" (borrow $document)) (param "text" string)))
    (export "[method]document.text" (func (param "self" (borrow $document)) (result string)))
    (export "current" (func (result (own $document))))))
  (alias export $documents "document" (type $document))
  (import "print" (func $print (param "line" string)))
  (core module $memory
    (memory (export "memory") 1)
    (data (i32.const 8) " Signed.")
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      global.get $next
      global.get $next
      local.get 3
      i32.add
      global.set $next))
  (core instance $memory (instantiate $memory))
  (core func $current (canon lower (func $documents "current")))
  (core func $append (canon lower (func $documents "[method]document.append") (memory $memory "memory")))
  (core func $text (canon lower (func $documents "[method]document.text") (memory $memory "memory")
    (realloc (func $memory "realloc"))))
  (core func $print (canon lower (func $print) (memory $memory "memory")))
  (core func $drop (canon resource.drop $document))
  (core module $main
    (import "memory" "memory" (memory 1))
    (import "host" "current" (func $current (result i32)))
    (import "host" "append" (func $append (param i32 i32 i32)))
    (import "host" "text" (func $text (param i32 i32)))
    (import "host" "print" (func $print (param i32 i32)))
    (import "host" "drop" (func $drop (param i32)))
    (func (export "edit")
      (local $document i32)
      (local.set $document (call $current))
      (call $append (local.get $document) (i32.const 8) (i32.const 8))
      (call $text (local.get $document) (i32.const 64))
      (call $print (i32.load (i32.const 64)) (i32.load (i32.const 68)))
      (call $drop (local.get $document)))
    (func (export "read") (param $document i32) (result i32)
      (call $text (local.get $document) (i32.const 64))
      (call $drop (local.get $document))
      (i32.const 64)))
  (core instance $main (instantiate $main
    (with "memory" (instance $memory))
    (with "host" (instance
      (export "current" (func $current))
      (export "append" (func $append))
      (export "text" (func $text))
      (export "print" (func $print))
      (export "drop" (func $drop))))))
  (func (export "edit") (canon lift (core func $main "edit")))
  (func (export "read") (param "document" (borrow $document)) (result string)
    (canon lift (core func $main "read") (memory $memory "memory") (realloc (func $memory "realloc")))))
