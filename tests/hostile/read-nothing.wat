;; trick: a read from a standard input that stays silent
;; holds: the deadline ends it, and the thread that reads doesn't keep the process
;; guard: wall
;; run: --wall 200ms
;; stdin: silent
;; expect: limit deadline
;; cpu: 100ms
;; without: hangs
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 64))
    (i32.store (i32.const 4) (i32.const 1024))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))))
