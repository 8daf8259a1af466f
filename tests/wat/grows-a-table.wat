;; Returns 1 after growing its table from one element, or -1 if that is refused.
(component
  (core module $m
    (table $t 1 funcref)
    (func (export "grow") (param i32) (result i32)
      (table.grow $t (ref.null func) (local.get 0))))
  (core instance $i (instantiate $m))
  (func (export "grow") (param "by" u32) (result s32) (canon lift (core func $i "grow"))))
