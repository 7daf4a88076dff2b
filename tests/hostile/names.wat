;; trick: names with a NUL in them, an empty name, names too long, names that are no UTF-8
;; holds: each is an error; the part before the NUL opens nothing
;; guard: none (the system's own calls refuse these)
;; run: --dir $RW:/rw:rw
;; also: --portable
;; expect: exit 0
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 0) "file\00.txt")  ;; 9
  (data (i32.const 64) "\00")         ;; 1
  (func $open (param $path i32) (param $len i32) (param $oflags i32) (result i32)
    (call $path_open (i32.const 3) (i32.const 1) (local.get $path) (local.get $len) (local.get $oflags)
      (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 256)))
  (func $must_fail (param $errno i32) (param $attempt i32)
    (if (i32.eqz (local.get $errno)) (then (call $exit (local.get $attempt)))))
  (func (export "_start")
    (call $must_fail (call $open (i32.const 0) (i32.const 9) (i32.const 0)) (i32.const 1))
    (call $must_fail (call $open (i32.const 0) (i32.const 9) (i32.const 1)) (i32.const 2))
    (call $must_fail (call $open (i32.const 64) (i32.const 1) (i32.const 1)) (i32.const 3))
    (call $must_fail (call $open (i32.const 64) (i32.const 0) (i32.const 1)) (i32.const 4))
    (call $must_fail (call $unlink (i32.const 3) (i32.const 0) (i32.const 9)) (i32.const 5))
    (call $must_fail (call $mkdir (i32.const 3) (i32.const 64) (i32.const 1)) (i32.const 6))
    (call $must_fail (call $rename (i32.const 3) (i32.const 0) (i32.const 4) (i32.const 3) (i32.const 0)
      (i32.const 9)) (i32.const 7))
    (memory.fill (i32.const 8192) (i32.const 0x61) (i32.const 5000))
    (call $must_fail (call $open (i32.const 8192) (i32.const 256) (i32.const 1)) (i32.const 8))
    (call $must_fail (call $open (i32.const 8192) (i32.const 5000) (i32.const 1)) (i32.const 9))))
