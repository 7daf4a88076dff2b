;; trick: a guest that leaves a line of standard error unfinished, so that berth's own line is stuck to it
;; holds: berth's report stands on a line of its own
;; guard: none (how the report is printed)
;; expect: trap
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "{\22ending\22: \22exited\22, \22exit_status\22: 0, \22forged\22: ")  ;; 47
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 64))
    (i32.store (i32.const 4) (i32.const 47))
    (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 16)))
    unreachable))
