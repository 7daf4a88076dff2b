;; trick: one garbage-collected array of a size that overflows what describes it
;; holds: the call ends with a trap, before anything of that size is allocated
;; guard: none (the engine's own bound on one object; no switch of ours)
;; run: --memory 32MiB
;; expect: limit memory | trap
;; grows: 16MiB
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (type $longs (array (mut i64)))
  (global $kept (mut (ref null $longs)) (ref.null $longs))
  (func (export "_start")
    (global.set $kept (array.new $longs (i64.const 1) (i32.const 0x2000_0001)))
    (call $exit (i32.const 1))))
