;; trick: a guest without any grant that looks for files, folders and ways to make them
;; holds: it finds and makes nothing, and each knock is told to the owner
;; guard: phantom
;; expect: exit 0
;; denials: 5
;; without: exit 0
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_get" (func $stat (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink" (func $symlink (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $readdir (param i32 i32 i32 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "etc/passwd")          ;; 10
  (data (i32.const 64) "tmp/mine")           ;; 8
  (data (i32.const 128) "../../etc/passwd")  ;; 16
  (data (i32.const 192) "etc")               ;; 3
  (data (i32.const 256) "/etc/passwd")       ;; 11
  (data (i32.const 320) "proc/self/environ") ;; 17
  (func $open (param $path i32) (param $len i32) (param $oflags i32) (param $rights i64) (result i32)
    (call $path_open (i32.const 3) (i32.const 1) (local.get $path) (local.get $len) (local.get $oflags)
      (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 4096)))
  (func $must_fail (param $errno i32) (param $attempt i32)
    (if (i32.eqz (local.get $errno)) (then (call $exit (local.get $attempt)))))
  (func (export "_start")
    (call $must_fail (call $open (i32.const 0) (i32.const 10) (i32.const 0) (i64.const 2)) (i32.const 1))
    (call $must_fail (call $open (i32.const 128) (i32.const 16) (i32.const 0) (i64.const 2)) (i32.const 2))
    (call $must_fail (call $open (i32.const 256) (i32.const 11) (i32.const 0) (i64.const 2)) (i32.const 3))
    (call $must_fail (call $open (i32.const 192) (i32.const 3) (i32.const 2) (i64.const 2)) (i32.const 4))
    (call $must_fail (call $open (i32.const 320) (i32.const 17) (i32.const 0) (i64.const 2)) (i32.const 5))
    (call $must_fail (call $open (i32.const 64) (i32.const 8) (i32.const 1) (i64.const 64)) (i32.const 6))
    (call $must_fail (call $stat (i32.const 3) (i32.const 1) (i32.const 192) (i32.const 3) (i32.const 4096))
      (i32.const 7))
    (call $must_fail (call $mkdir (i32.const 3) (i32.const 64) (i32.const 8)) (i32.const 8))
    (call $must_fail (call $unlink (i32.const 3) (i32.const 64) (i32.const 8)) (i32.const 9))
    (call $must_fail (call $symlink (i32.const 0) (i32.const 10) (i32.const 3) (i32.const 64) (i32.const 8))
      (i32.const 10))
    (call $must_fail (call $rename (i32.const 3) (i32.const 0) (i32.const 10) (i32.const 3) (i32.const 64)
      (i32.const 8)) (i32.const 11))
    ;; It lists as an empty folder.
    (if (i32.eqz (call $readdir (i32.const 3) (i32.const 4096) (i32.const 4096) (i64.const 0) (i32.const 512)))
      (then
        ;; The adapter itself answers '.' and '..', of 24 bytes and the name: 25 + 26.
        (if (i32.gt_u (i32.load (i32.const 512)) (i32.const 51)) (then (call $exit (i32.const 12))))))))
