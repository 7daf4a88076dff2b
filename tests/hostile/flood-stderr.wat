;; trick: output without end into a standard error that nobody reads, where the host's own last line goes too
;; holds: the deadline still comes, and the host doesn't wait for its own line to be read
;; guard: nonblocking-stdout
;; run: --wall 300ms
;; stderr: unread
;; expect: status 124
;; grows: 8MiB
;; without: hangs
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 65536))
    (i32.store (i32.const 4) (i32.const 65536))
    (loop $again
      (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 16)))
      (br $again))))
