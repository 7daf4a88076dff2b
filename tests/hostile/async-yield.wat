;; trick: a program of WASI 0.3 that yields for ever: the host goes round and round with it
;; holds: its CPU time is the guest's, whoever spends it
;; guard: cpu-time
;; run: --cpu-time 200ms
;; also: --shared
;; expect: limit cpu-time
;; without: hangs
;; seconds: 4
(component
  (core module $main
    (func (export "run") (result i32) (i32.const 1)) ;; yield
    (func (export "callback") (param i32 i32 i32) (result i32) (i32.const 1)))
  (core instance $main (instantiate $main))
  (func $run async (result (result))
    (canon lift (core func $main "run") async (callback (func $main "callback"))))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.3.0" (instance $command)))
