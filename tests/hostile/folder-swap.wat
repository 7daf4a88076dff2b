;; trick: a folder on the way that another process swaps with a link out of the grant, in one step, 10,000 times
;; holds: nothing is read, made or removed outside
;; guard: confinement landlock
;; run: --dir $RW:/rw:rw
;; also: --portable
;; meanwhile: swap-folder
;; expect: exit 0
;; writes: rw
;; seconds: 20
;; without: exit 1 | exit 2
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_remove_directory" (func $rmdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "box/secret")      ;; 10: begins with 'i' inside, is the secret outside
  (data (i32.const 64) "box/made")       ;; 8
  (data (i32.const 128) "box/precious")  ;; 12: only outside
  (func (export "_start")
    (local $left i32) (local $fd i32) (local $seen i32)
    (i32.store (i32.const 256) (i32.const 512))
    (i32.store (i32.const 260) (i32.const 16))
    (local.set $left (i32.const 10000))
    (loop $again
      (block $next
        (drop (call $mkdir (i32.const 3) (i32.const 64) (i32.const 8)))
        (drop (call $rmdir (i32.const 3) (i32.const 64) (i32.const 8)))
        (if (i32.eqz (call $unlink (i32.const 3) (i32.const 128) (i32.const 12))) (then (call $exit (i32.const 2))))
        (br_if $next (call $open (i32.const 3) (i32.const 1) (i32.const 0) (i32.const 10) (i32.const 0)
          (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 280)))
        (local.set $fd (i32.load (i32.const 280)))
        (if (i32.eqz (call $read (local.get $fd) (i32.const 256) (i32.const 1) (i32.const 284)))
          (then
            (if (i32.ne (i32.load8_u (i32.const 512)) (i32.const 0x69)) (then (call $exit (i32.const 1))))
            (local.set $seen (i32.const 1))))
        (drop (call $close (local.get $fd))))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left)))
    (if (i32.eqz (local.get $seen)) (then (call $exit (i32.const 90))))))
