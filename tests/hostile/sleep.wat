;; trick: a sleep of centuries
;; holds: the deadline wakes it
;; guard: wall
;; run: --wall 200ms
;; expect: limit deadline
;; cpu: 100ms
;; without: hangs
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i64.store (i32.const 24) (i64.const -1)) ;; one relative timer of 2^64-1 ns
    (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))))
