;; trick: symbolic links that lead out of the grant: relative, absolute, chained, dangling, through /proc
;; holds: no operation follows one
;; guard: confinement landlock
;; run: --dir $RW:/rw:rw
;; also: --portable
;; expect: exit 0
;; without: exit 1
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_get" (func $stat (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_set_times"
    (func $set_times (param i32 i32 i32 i32 i64 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_link" (func $link (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "link-secret")               ;; 11, to ../outside/secret
  (data (i32.const 64) "link-absolute")            ;; 13, to the same
  (data (i32.const 128) "link-outside/secret")     ;; 19, through a folder
  (data (i32.const 192) "link-chain")              ;; 10, to link-secret
  (data (i32.const 256) "link-root/etc/passwd")    ;; 20, to /
  (data (i32.const 320) "link-proc/etc/passwd")    ;; 20, to /proc/self/root
  (data (i32.const 384) "link-dangling")           ;; 13, to ../outside/made
  (data (i32.const 448) "link-outside/made")       ;; 17
  (data (i32.const 512) "file")                    ;; 4
  (data (i32.const 576) "mine")                    ;; 4
  (data (i32.const 640) "link-up/outside/secret")  ;; 22, to ..
  (func $open (param $path i32) (param $len i32) (param $oflags i32) (param $rights i64) (result i32)
    (call $path_open (i32.const 3) (i32.const 1) (local.get $path) (local.get $len) (local.get $oflags)
      (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 4096)))
  (func $must_fail (param $errno i32) (param $attempt i32)
    (if (i32.eqz (local.get $errno)) (then (call $exit (local.get $attempt)))))
  (func (export "_start")
    (call $must_fail (call $open (i32.const 0) (i32.const 11) (i32.const 0) (i64.const 2)) (i32.const 1))
    (call $must_fail (call $open (i32.const 64) (i32.const 13) (i32.const 0) (i64.const 2)) (i32.const 2))
    (call $must_fail (call $open (i32.const 128) (i32.const 19) (i32.const 0) (i64.const 2)) (i32.const 3))
    (call $must_fail (call $open (i32.const 192) (i32.const 10) (i32.const 0) (i64.const 2)) (i32.const 4))
    (call $must_fail (call $open (i32.const 256) (i32.const 20) (i32.const 0) (i64.const 2)) (i32.const 5))
    (call $must_fail (call $open (i32.const 320) (i32.const 20) (i32.const 0) (i64.const 2)) (i32.const 6))
    (call $must_fail (call $open (i32.const 640) (i32.const 22) (i32.const 0) (i64.const 2)) (i32.const 7))
    (call $must_fail (call $open (i32.const 384) (i32.const 13) (i32.const 1) (i64.const 64)) (i32.const 8))
    (call $must_fail (call $open (i32.const 0) (i32.const 11) (i32.const 8) (i64.const 64)) (i32.const 9))
    (call $must_fail (call $stat (i32.const 3) (i32.const 1) (i32.const 0) (i32.const 11) (i32.const 4096))
      (i32.const 10))
    (call $must_fail (call $stat (i32.const 3) (i32.const 0) (i32.const 128) (i32.const 19) (i32.const 4096))
      (i32.const 11))
    (call $must_fail (call $set_times (i32.const 3) (i32.const 1) (i32.const 0) (i32.const 11) (i64.const 0)
      (i64.const 0) (i32.const 5)) (i32.const 12))
    (call $must_fail (call $mkdir (i32.const 3) (i32.const 448) (i32.const 17)) (i32.const 13))
    (call $must_fail (call $mkdir (i32.const 3) (i32.const 384) (i32.const 13)) (i32.const 14))
    (call $must_fail (call $unlink (i32.const 3) (i32.const 128) (i32.const 19)) (i32.const 15))
    (call $must_fail (call $rename (i32.const 3) (i32.const 512) (i32.const 4) (i32.const 3) (i32.const 448)
      (i32.const 17)) (i32.const 16))
    (call $must_fail (call $rename (i32.const 3) (i32.const 128) (i32.const 19) (i32.const 3) (i32.const 576)
      (i32.const 4)) (i32.const 17))
    (call $must_fail (call $link (i32.const 3) (i32.const 0) (i32.const 512) (i32.const 4) (i32.const 3)
      (i32.const 448) (i32.const 17)) (i32.const 18))
    ;; A hard link to what the link leads to would bring the secret itself inside.
    (call $must_fail (call $link (i32.const 3) (i32.const 1) (i32.const 0) (i32.const 11) (i32.const 3)
      (i32.const 576) (i32.const 4)) (i32.const 19))))
