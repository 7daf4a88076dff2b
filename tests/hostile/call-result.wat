;; trick: a result of 100 MiB
;; holds: the host takes 16 MiB of it and no more
;; guard: host-buffers
;; run: --memory 1GiB
;; call: fill()
;; expect: limit host-buffers
;; grows: 140MiB
;; seconds: 4
;; without: any
(component
  (core module $code
    (memory (export "memory") 1)
    (func (export "fill") (result i32)
      (drop (memory.grow (i32.const 1600)))
      (memory.fill (i32.const 65536) (i32.const 120) (i32.const 104857600))
      (i32.store (i32.const 0) (i32.const 65536))
      (i32.store (i32.const 4) (i32.const 104857600))
      (i32.const 0)))
  (core instance $code (instantiate $code))
  (func (export "fill") (result string)
    (canon lift (core func $code "fill") (memory $code "memory"))))
