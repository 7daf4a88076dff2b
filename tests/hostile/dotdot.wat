;; trick: paths that climb out of the grant with '..'
;; holds: every operation refuses them, from the grant's folder and from a folder opened and moved within it
;; guard: confinement landlock
;; run: --dir $RW:/rw:rw
;; also: --portable
;; expect: exit 0
;; writes: rw
;; without: exit 1
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_get" (func $stat (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_set_times"
    (func $set_times (param i32 i32 i32 i32 i64 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_remove_directory" (func $rmdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_link" (func $link (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink" (func $symlink (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "../outside/secret")                    ;; 17
  (data (i32.const 64) "dir/nested/../../../outside/secret")  ;; 34
  (data (i32.const 128) "../outside/made")                    ;; 15
  (data (i32.const 192) "../../outside/secret")               ;; 20
  (data (i32.const 256) "dir/nested")                         ;; 10
  (data (i32.const 320) "top")                                ;; 3
  (data (i32.const 384) "file")                               ;; 4
  (data (i32.const 448) "..")                                 ;; 2
  (data (i32.const 512) "dir/./.././../outside/secret")       ;; 28
  (data (i32.const 576) "../outside/folder")                  ;; 17
  (global $fd (mut i32) (i32.const 3))
  (func $open (param $path i32) (param $len i32) (param $oflags i32) (param $rights i64) (result i32)
    (call $path_open (global.get $fd) (i32.const 1) (local.get $path) (local.get $len) (local.get $oflags)
      (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 4096)))
  (func $must_fail (param $errno i32) (param $attempt i32)
    (if (i32.eqz (local.get $errno)) (then (call $exit (local.get $attempt)))))
  (func (export "_start")
    (call $must_fail (call $open (i32.const 0) (i32.const 17) (i32.const 0) (i64.const 2)) (i32.const 1))
    (call $must_fail (call $open (i32.const 64) (i32.const 34) (i32.const 0) (i64.const 2)) (i32.const 2))
    (call $must_fail (call $open (i32.const 512) (i32.const 28) (i32.const 0) (i64.const 2)) (i32.const 3))
    (call $must_fail (call $open (i32.const 128) (i32.const 15) (i32.const 9) (i64.const 64)) (i32.const 4))
    (call $must_fail (call $open (i32.const 448) (i32.const 2) (i32.const 2) (i64.const 2)) (i32.const 5))
    (call $must_fail (call $stat (i32.const 3) (i32.const 1) (i32.const 0) (i32.const 17) (i32.const 4096))
      (i32.const 6))
    (call $must_fail (call $set_times (i32.const 3) (i32.const 1) (i32.const 0) (i32.const 17) (i64.const 0)
      (i64.const 0) (i32.const 5)) (i32.const 7))
    (call $must_fail (call $mkdir (i32.const 3) (i32.const 128) (i32.const 15)) (i32.const 8))
    (call $must_fail (call $rmdir (i32.const 3) (i32.const 576) (i32.const 17)) (i32.const 9))
    (call $must_fail (call $unlink (i32.const 3) (i32.const 0) (i32.const 17)) (i32.const 10))
    (call $must_fail (call $rename (i32.const 3) (i32.const 0) (i32.const 17) (i32.const 3) (i32.const 320)
      (i32.const 3)) (i32.const 11))
    (call $must_fail (call $rename (i32.const 3) (i32.const 384) (i32.const 4) (i32.const 3) (i32.const 128)
      (i32.const 15)) (i32.const 12))
    (call $must_fail (call $link (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 17) (i32.const 3)
      (i32.const 320) (i32.const 3)) (i32.const 13))
    (call $must_fail (call $link (i32.const 3) (i32.const 0) (i32.const 384) (i32.const 4) (i32.const 3)
      (i32.const 128) (i32.const 15)) (i32.const 14))
    (call $must_fail (call $symlink (i32.const 384) (i32.const 4) (i32.const 3) (i32.const 128) (i32.const 15))
      (i32.const 15))
    ;; A folder opened deep inside, then moved up: one '..' of its own fewer than the opener knew.
    (if (call $open (i32.const 256) (i32.const 10) (i32.const 2) (i64.const 2)) (then (call $exit (i32.const 90))))
    (if (call $rename (i32.const 3) (i32.const 256) (i32.const 10) (i32.const 3) (i32.const 320) (i32.const 3))
      (then (call $exit (i32.const 91))))
    (global.set $fd (i32.load (i32.const 4096)))
    (call $must_fail (call $open (i32.const 192) (i32.const 20) (i32.const 0) (i64.const 2)) (i32.const 16))
    (call $must_fail (call $open (i32.const 448) (i32.const 2) (i32.const 2) (i64.const 2)) (i32.const 17))))
