;; trick: ways from one volume into another: '..', links that were there, links of the guest's own making
;; holds: none leads there, to read, to write or to bring it inside
;; guard: confinement landlock
;; volumes: yes
;; run: --grant "files @mine:/rw:rw"
;; also: --portable
;; expect: exit 0
;; without: exit 1
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_get" (func $stat (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_link" (func $link (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink" (func $symlink (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "../../other/data/secret")           ;; 23
  (data (i32.const 64) "dir/../../../other/data/secret")   ;; 30
  (data (i32.const 128) "../../other/data/made")           ;; 21
  (data (i32.const 192) "..")                              ;; 2
  (data (i32.const 256) "link")                            ;; 4, to the secret
  (data (i32.const 320) "link-folder/secret")              ;; 18
  (data (i32.const 384) "link-absolute")                   ;; 13
  (data (i32.const 448) "link-folder/made")                ;; 16
  (data (i32.const 512) "mine")                            ;; 4
  (data (i32.const 576) "dir/up")                          ;; 6
  (data (i32.const 640) "up")                              ;; 2
  (data (i32.const 704) "up/../other/data/secret")         ;; 23
  (data (i32.const 768) "file")                            ;; 4
  (func $open (param $path i32) (param $len i32) (param $oflags i32) (param $rights i64) (result i32)
    (call $path_open (i32.const 3) (i32.const 1) (local.get $path) (local.get $len) (local.get $oflags)
      (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 4096)))
  (func $must_fail (param $errno i32) (param $attempt i32)
    (if (i32.eqz (local.get $errno)) (then (call $exit (local.get $attempt)))))
  (func (export "_start")
    (call $must_fail (call $open (i32.const 0) (i32.const 23) (i32.const 0) (i64.const 2)) (i32.const 1))
    (call $must_fail (call $open (i32.const 64) (i32.const 30) (i32.const 0) (i64.const 2)) (i32.const 2))
    (call $must_fail (call $open (i32.const 128) (i32.const 21) (i32.const 9) (i64.const 64)) (i32.const 3))
    (call $must_fail (call $open (i32.const 192) (i32.const 2) (i32.const 2) (i64.const 2)) (i32.const 4))
    (call $must_fail (call $open (i32.const 256) (i32.const 4) (i32.const 0) (i64.const 2)) (i32.const 5))
    (call $must_fail (call $open (i32.const 320) (i32.const 18) (i32.const 0) (i64.const 2)) (i32.const 6))
    (call $must_fail (call $open (i32.const 384) (i32.const 13) (i32.const 0) (i64.const 2)) (i32.const 7))
    (call $must_fail (call $open (i32.const 448) (i32.const 16) (i32.const 9) (i64.const 64)) (i32.const 8))
    (call $must_fail (call $stat (i32.const 3) (i32.const 1) (i32.const 256) (i32.const 4) (i32.const 4096))
      (i32.const 9))
    (call $must_fail (call $mkdir (i32.const 3) (i32.const 448) (i32.const 16)) (i32.const 10))
    (call $must_fail (call $unlink (i32.const 3) (i32.const 320) (i32.const 18)) (i32.const 11))
    (call $must_fail (call $rename (i32.const 3) (i32.const 0) (i32.const 23) (i32.const 3) (i32.const 512)
      (i32.const 4)) (i32.const 12))
    (call $must_fail (call $rename (i32.const 3) (i32.const 768) (i32.const 4) (i32.const 3) (i32.const 448)
      (i32.const 16)) (i32.const 13))
    (call $must_fail (call $link (i32.const 3) (i32.const 1) (i32.const 256) (i32.const 4) (i32.const 3)
      (i32.const 512) (i32.const 4)) (i32.const 14))
    ;; Links of its own: in one step, and in two that look harmless.
    (drop (call $symlink (i32.const 0) (i32.const 23) (i32.const 3) (i32.const 512) (i32.const 4)))
    (call $must_fail (call $open (i32.const 512) (i32.const 4) (i32.const 0) (i64.const 2)) (i32.const 15))
    (drop (call $symlink (i32.const 192) (i32.const 2) (i32.const 3) (i32.const 576) (i32.const 6)))
    (drop (call $rename (i32.const 3) (i32.const 576) (i32.const 6) (i32.const 3) (i32.const 640) (i32.const 2)))
    (call $must_fail (call $open (i32.const 704) (i32.const 23) (i32.const 0) (i64.const 2)) (i32.const 16))))
