;; Two core instances with a memory of two pages each.
(component
  (core module $m (memory (export "memory") 2))
  (core instance $a (instantiate $m))
  (core instance $b (instantiate $m)))
