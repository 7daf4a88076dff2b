;; trick: a file that another process swaps with a link out of the grant while it is opened, 20,000 times
;; holds: the guest sees the file or nothing, never what the link leads to
;; guard: confinement landlock
;; run: --dir $RW:/rw:rw
;; also: --portable
;; meanwhile: swap-file
;; expect: exit 0
;; writes: rw
;; seconds: 20
;; without: exit 1
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_get" (func $stat (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "swapped")  ;; 7: a file of 7 bytes that begins with 'i', or a link to the secret
  (func (export "_start")
    (local $left i32) (local $fd i32) (local $seen i32)
    (i32.store (i32.const 64) (i32.const 512))
    (i32.store (i32.const 68) (i32.const 16))
    (local.set $left (i32.const 20000))
    (loop $again
      (block $next
        (if (i32.eqz (call $stat (i32.const 3) (i32.const 1) (i32.const 0) (i32.const 7) (i32.const 1024)))
          (then (if (i64.ne (i64.load (i32.const 1056)) (i64.const 7)) (then (call $exit (i32.const 2))))))
        (br_if $next (call $open (i32.const 3) (i32.const 1) (i32.const 0) (i32.const 7) (i32.const 0) (i64.const 2)
          (i64.const 0) (i32.const 0) (i32.const 128)))
        (local.set $fd (i32.load (i32.const 128)))
        (if (i32.eqz (call $read (local.get $fd) (i32.const 64) (i32.const 1) (i32.const 132)))
          (then
            (if (i32.ne (i32.load8_u (i32.const 512)) (i32.const 0x69)) (then (call $exit (i32.const 1))))
            (local.set $seen (i32.const 1))))
        (drop (call $close (local.get $fd))))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left)))
    (if (i32.eqz (local.get $seen)) (then (call $exit (i32.const 90)))))) ;; the swapper didn't run
