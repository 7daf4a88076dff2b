;; trick: output without end into a pipe that nobody reads
;; holds: the guest waits, the host doesn't: the deadline still comes, and little is kept in memory
;; guard: nonblocking-stdout
;; run: --wall 300ms
;; also: --portable
;; stdout: unread
;; expect: limit deadline
;; grows: 8MiB
;; cpu: 150ms
;; without: hangs
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 65536))
    (i32.store (i32.const 4) (i32.const 65536))
    (loop $again
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
      (br $again))))
