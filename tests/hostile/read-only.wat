;; trick: every way to change a grant that is for reading
;; holds: all are refused: contents, names, times and links, by path and by what is open, and out into a grant
;;        that is writable
;; guard: read-only landlock
;; run: --dir $RO:/ro --dir $RW:/rw:rw
;; also: --portable
;; expect: exit 0
;; without: exit 1
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_set_times"
    (func $set_times (param i32 i32 i32 i32 i64 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_remove_directory" (func $rmdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_link" (func $link (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink" (func $symlink (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pwrite" (func $pwrite (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_size" (func $set_size (param i32 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_times" (func $fd_times (param i32 i64 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_allocate" (func $allocate (param i32 i64 i64) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "file")         ;; 4
  (data (i32.const 64) "mine")        ;; 4
  (data (i32.const 128) "dir")        ;; 3
  (data (i32.const 192) "empty-dir")  ;; 9
  (data (i32.const 256) "dir/inner")  ;; 9
  (global $fd (mut i32) (i32.const 3))
  (func $open (param $path i32) (param $len i32) (param $oflags i32) (param $rights i64) (result i32)
    (call $path_open (global.get $fd) (i32.const 1) (local.get $path) (local.get $len) (local.get $oflags)
      (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 4096)))
  (func $must_fail (param $errno i32) (param $attempt i32)
    (if (i32.eqz (local.get $errno)) (then (call $exit (local.get $attempt)))))
  (func (export "_start")
    (local $file i32)
    (i32.store (i32.const 512) (i32.const 0))
    (i32.store (i32.const 516) (i32.const 4))
    (call $must_fail (call $open (i32.const 64) (i32.const 4) (i32.const 1) (i64.const 64)) (i32.const 1))
    (call $must_fail (call $open (i32.const 0) (i32.const 4) (i32.const 8) (i64.const 2)) (i32.const 2))
    (call $must_fail (call $open (i32.const 0) (i32.const 4) (i32.const 0) (i64.const 66)) (i32.const 3))
    (call $must_fail (call $open (i32.const 64) (i32.const 4) (i32.const 5) (i64.const 2)) (i32.const 4))
    (call $must_fail (call $mkdir (i32.const 3) (i32.const 64) (i32.const 4)) (i32.const 5))
    (call $must_fail (call $rmdir (i32.const 3) (i32.const 192) (i32.const 9)) (i32.const 6))
    (call $must_fail (call $unlink (i32.const 3) (i32.const 0) (i32.const 4)) (i32.const 7))
    (call $must_fail (call $rename (i32.const 3) (i32.const 0) (i32.const 4) (i32.const 3) (i32.const 64)
      (i32.const 4)) (i32.const 8))
    (call $must_fail (call $rename (i32.const 3) (i32.const 0) (i32.const 4) (i32.const 4) (i32.const 64)
      (i32.const 4)) (i32.const 9))
    (call $must_fail (call $rename (i32.const 4) (i32.const 0) (i32.const 4) (i32.const 3) (i32.const 64)
      (i32.const 4)) (i32.const 10))
    (call $must_fail (call $link (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 4)
      (i32.const 64) (i32.const 4)) (i32.const 11))
    (call $must_fail (call $link (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 3)
      (i32.const 64) (i32.const 4)) (i32.const 12))
    (call $must_fail (call $symlink (i32.const 0) (i32.const 4) (i32.const 3) (i32.const 64) (i32.const 4))
      (i32.const 13))
    (call $must_fail (call $set_times (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4) (i64.const 0)
      (i64.const 0) (i32.const 5)) (i32.const 14))
    ;; Through what is open for reading.
    (if (call $open (i32.const 0) (i32.const 4) (i32.const 0) (i64.const 2)) (then (call $exit (i32.const 90))))
    (local.set $file (i32.load (i32.const 4096)))
    (call $must_fail (call $write (local.get $file) (i32.const 512) (i32.const 1) (i32.const 520)) (i32.const 15))
    (call $must_fail (call $pwrite (local.get $file) (i32.const 512) (i32.const 1) (i64.const 0) (i32.const 520))
      (i32.const 16))
    (call $must_fail (call $set_size (local.get $file) (i64.const 0)) (i32.const 17))
    (call $must_fail (call $fd_times (local.get $file) (i64.const 0) (i64.const 0) (i32.const 5)) (i32.const 18))
    (call $must_fail (call $allocate (local.get $file) (i64.const 0) (i64.const 100)) (i32.const 19))
    (call $must_fail (call $fd_times (i32.const 3) (i64.const 0) (i64.const 0) (i32.const 5)) (i32.const 20))
    ;; From a folder below, which has the grant's own permission.
    (if (call $open (i32.const 128) (i32.const 3) (i32.const 2) (i64.const 2)) (then (call $exit (i32.const 91))))
    (global.set $fd (i32.load (i32.const 4096)))
    (call $must_fail (call $open (i32.const 64) (i32.const 4) (i32.const 1) (i64.const 64)) (i32.const 21))
    (call $must_fail (call $mkdir (global.get $fd) (i32.const 64) (i32.const 4)) (i32.const 22))))
