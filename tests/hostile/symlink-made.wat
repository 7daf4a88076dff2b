;; trick: a guest that makes its own links out of the grant, in one step and in two harmless-looking ones
;; holds: what it makes leads nowhere; an absolute link isn't even made
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
  (import "wasi_snapshot_preview1" "path_symlink" (func $symlink (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "../outside/secret")       ;; 17
  (data (i32.const 64) "mine")                   ;; 4
  (data (i32.const 128) "..")                    ;; 2
  (data (i32.const 192) "dir/up")                ;; 6
  (data (i32.const 256) "up")                    ;; 2
  (data (i32.const 320) "up/outside/secret")     ;; 17
  (data (i32.const 384) "/etc")                  ;; 4
  (data (i32.const 448) "etc")                   ;; 3
  (func $open (param $path i32) (param $len i32) (result i32)
    (call $path_open (i32.const 3) (i32.const 1) (local.get $path) (local.get $len) (i32.const 0) (i64.const 2)
      (i64.const 0) (i32.const 0) (i32.const 4096)))
  (func $must_fail (param $errno i32) (param $attempt i32)
    (if (i32.eqz (local.get $errno)) (then (call $exit (local.get $attempt)))))
  (func (export "_start")
    (drop (call $symlink (i32.const 0) (i32.const 17) (i32.const 3) (i32.const 64) (i32.const 4)))
    (call $must_fail (call $open (i32.const 64) (i32.const 4)) (i32.const 1))
    ;; 'dir/up' to '..' stays inside; moved up by one, it doesn't.
    (drop (call $symlink (i32.const 128) (i32.const 2) (i32.const 3) (i32.const 192) (i32.const 6)))
    (drop (call $rename (i32.const 3) (i32.const 192) (i32.const 6) (i32.const 3) (i32.const 256) (i32.const 2)))
    (call $must_fail (call $open (i32.const 320) (i32.const 17)) (i32.const 2))
    (call $must_fail
      (call $symlink (i32.const 384) (i32.const 4) (i32.const 3) (i32.const 448) (i32.const 3)) (i32.const 3))))
