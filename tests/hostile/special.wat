;; trick: a FIFO nobody writes to, a socket and a device in the grant, opened in every way
;; holds: none is opened, and none makes the host wait
;; guard: special-files
;; run: --dir $RW:/rw:rw
;; also: --portable
;; expect: exit 0
;; without: hangs
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "fifo")       ;; 4
  (data (i32.const 64) "socket")    ;; 6
  (data (i32.const 128) "zero")     ;; 4: /dev/zero by another name, where the runner may make one
  (data (i32.const 192) "to-fifo")  ;; 7: a link to it
  (func $all (param $path i32) (param $len i32) (param $attempt i32)
    (call $try (local.get $path) (local.get $len) (i32.const 0) (i64.const 2) (local.get $attempt))
    (call $try (local.get $path) (local.get $len) (i32.const 0) (i64.const 66) (local.get $attempt))
    (call $try (local.get $path) (local.get $len) (i32.const 9) (i64.const 66) (local.get $attempt))
    (call $try (local.get $path) (local.get $len) (i32.const 0) (i64.const 64) (local.get $attempt)))
  (func $try (param $path i32) (param $len i32) (param $oflags i32) (param $rights i64) (param $attempt i32)
    (if (i32.eqz (call $path_open (i32.const 3) (i32.const 1) (local.get $path) (local.get $len)
          (local.get $oflags) (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 4096)))
      (then (call $exit (local.get $attempt)))))
  (func (export "_start")
    (call $all (i32.const 0) (i32.const 4) (i32.const 1))
    (call $all (i32.const 64) (i32.const 6) (i32.const 2))
    (call $try (i32.const 128) (i32.const 4) (i32.const 0) (i64.const 2) (i32.const 3))
    (call $all (i32.const 192) (i32.const 7) (i32.const 4))))
