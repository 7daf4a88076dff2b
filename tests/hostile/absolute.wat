;; trick: absolute paths of the host, to files that are there
;; holds: from a grant's folder an absolute path leads nowhere
;; guard: confinement landlock
;; run: --dir $RW:/rw:rw
;; also: --portable
;; args: $ROOT/outside/secret
;; expect: exit 0
;; without: exit 1
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_get" (func $stat (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink" (func $symlink (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 32) "mine")
  (func $must_fail (param $errno i32) (param $attempt i32)
    (if (i32.eqz (local.get $errno)) (then (call $exit (local.get $attempt)))))
  (func (export "_start")
    (local $path i32) (local $len i32)
    (drop (call $args (i32.const 0) (i32.const 1024)))
    (local.set $path (i32.load (i32.const 4)))
    (loop $count
      (local.set $len (i32.add (local.get $len) (i32.const 1)))
      (br_if $count (i32.load8_u (i32.add (local.get $path) (local.get $len)))))
    (call $must_fail (call $open (i32.const 3) (i32.const 1) (local.get $path) (local.get $len) (i32.const 0)
      (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 64)) (i32.const 1))
    (call $must_fail (call $open (i32.const 3) (i32.const 1) (local.get $path) (local.get $len) (i32.const 8)
      (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 64)) (i32.const 2))
    (call $must_fail (call $stat (i32.const 3) (i32.const 1) (local.get $path) (local.get $len) (i32.const 4096))
      (i32.const 3))
    (call $must_fail (call $unlink (i32.const 3) (local.get $path) (local.get $len)) (i32.const 4))
    (call $must_fail (call $symlink (local.get $path) (local.get $len) (i32.const 3) (i32.const 32) (i32.const 4))
      (i32.const 5))
    ;; The same from the phantom folder, which is the guest's '/'.
    (call $must_fail (call $open (i32.const 4) (i32.const 1) (local.get $path) (local.get $len) (i32.const 0)
      (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 64)) (i32.const 6))
    (call $must_fail (call $open (i32.const 4) (i32.const 1) (i32.add (local.get $path) (i32.const 1))
      (i32.sub (local.get $len) (i32.const 1)) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0)
      (i32.const 64)) (i32.const 7))
    (call $must_fail (call $stat (i32.const 4) (i32.const 1) (i32.add (local.get $path) (i32.const 1))
      (i32.sub (local.get $len) (i32.const 1)) (i32.const 4096)) (i32.const 8))
    (call $must_fail (call $unlink (i32.const 4) (i32.add (local.get $path) (i32.const 1))
      (i32.sub (local.get $len) (i32.const 1))) (i32.const 9))))
