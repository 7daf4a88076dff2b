;; trick: a function that calls itself for ever
;; holds: the guest's stack ends before the host's, and says so
;; guard: stack
;; expect: limit stack
;; grows: 16MiB
;; without: exit 1
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func $down (param $depth i32) (result i32)
    (if (i32.gt_u (local.get $depth) (i32.const 1000000)) (then (call $exit (i32.const 1))))
    (i32.add (call $down (i32.add (local.get $depth) (i32.const 1))) (i32.const 1)))
  (func (export "_start") (drop (call $down (i32.const 0)))))
