;; trick: numbers that are short in memory and 300 digits long as text
;; holds: the text of a result is bounded too
;; guard: none (a quarter of the module's memory)
;; run: --memory 64MiB
;; call: tiny()
;; expect: limit host-buffers
;; library: exit 0
;; grows: 64MiB
;; seconds: 4
(component
  (core module $code
    (memory (export "memory") 20)
    (func (export "tiny") (result i32)
      (local $at i32)
      (local.set $at (i32.const 65536))
      (loop $next
        (i64.store (local.get $at) (i64.const 1))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $next (i32.lt_u (local.get $at) (i32.const 865536))))
      (i32.store (i32.const 0) (i32.const 65536))
      (i32.store (i32.const 4) (i32.const 100000))
      (i32.const 0)))
  (core instance $code (instantiate $code))
  (func (export "tiny") (result (list f64))
    (canon lift (core func $code "tiny") (memory $code "memory"))))
