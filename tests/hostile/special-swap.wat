;; trick: a file that another process swaps with a FIFO while it is opened and read, 20,000 times
;; holds: the host never waits for the FIFO
;; guard: special-files
;; run: --dir $RW:/rw:rw
;; also: --portable
;; meanwhile: swap-fifo
;; expect: exit 0
;; writes: rw
;; seconds: 20
;; without: hangs
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "swapped")
  (func (export "_start")
    (local $left i32) (local $fd i32) (local $seen i32)
    (i32.store (i32.const 64) (i32.const 512))
    (i32.store (i32.const 68) (i32.const 16))
    (local.set $left (i32.const 20000))
    (loop $again
      (block $next
        (br_if $next (call $open (i32.const 3) (i32.const 1) (i32.const 0) (i32.const 7) (i32.const 0) (i64.const 2)
          (i64.const 0) (i32.const 0) (i32.const 128)))
        (local.set $fd (i32.load (i32.const 128)))
        (if (i32.eqz (call $read (local.get $fd) (i32.const 64) (i32.const 1) (i32.const 132)))
          (then (local.set $seen (i32.const 1))))
        (drop (call $close (local.get $fd))))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      ;; On until the file was read once, so that a host that opens nothing is found out.
      (br_if $again (i32.or (i32.gt_s (local.get $left) (i32.const 0)) (i32.eqz (local.get $seen)))))))
