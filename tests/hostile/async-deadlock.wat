;; trick: a program of WASI 0.3 that waits for what can never come
;; holds: it is told so at once, and holds up nobody
;; guard: none (the engine sees that nothing is left to do)
;; expect: trap
(component
  (core func $set (canon waitable-set.new))
  (core module $main
    (import "" "set" (func $set (result i32)))
    (func (export "run") (result i32) (i32.or (i32.const 2) (i32.shl (call $set) (i32.const 4))))
    (func (export "callback") (param i32 i32 i32) (result i32) (unreachable)))
  (core instance $main (instantiate $main (with "" (instance (export "set" (func $set))))))
  (func $run async (result (result))
    (canon lift (core func $main "run") async (callback (func $main "callback"))))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.3.0" (instance $command)))
