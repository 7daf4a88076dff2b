;; trick: hard links and renames from one grant to another, both writable
;; holds: two grants are two devices, in both directions, also from a folder opened below one
;; guard: cross-grant
;; run: --dir $RW:/rw:rw --dir $OTHER:/other:rw
;; also: --portable
;; expect: exit 0
;; without: exit 1
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_link" (func $link (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "file")   ;; 4
  (data (i32.const 64) "mine")  ;; 4
  (data (i32.const 128) "dir")  ;; 3
  (func $must_fail (param $errno i32) (param $attempt i32)
    (if (i32.eqz (local.get $errno)) (then (call $exit (local.get $attempt)))))
  (func (export "_start")
    (local $below i32)
    (call $must_fail (call $link (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 4)
      (i32.const 64) (i32.const 4)) (i32.const 1))
    (call $must_fail (call $link (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 3)
      (i32.const 64) (i32.const 4)) (i32.const 2))
    (call $must_fail (call $rename (i32.const 3) (i32.const 0) (i32.const 4) (i32.const 4) (i32.const 64)
      (i32.const 4)) (i32.const 3))
    (call $must_fail (call $rename (i32.const 4) (i32.const 128) (i32.const 3) (i32.const 3) (i32.const 64)
      (i32.const 4)) (i32.const 4))
    (if (call $open (i32.const 3) (i32.const 0) (i32.const 128) (i32.const 3) (i32.const 2) (i64.const 2)
        (i64.const 0) (i32.const 0) (i32.const 256)) (then (call $exit (i32.const 90))))
    (local.set $below (i32.load (i32.const 256)))
    (call $must_fail (call $link (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 4) (local.get $below)
      (i32.const 64) (i32.const 4)) (i32.const 5))
    (call $must_fail (call $rename (i32.const 4) (i32.const 0) (i32.const 4) (local.get $below) (i32.const 64)
      (i32.const 4)) (i32.const 6))
    ;; Nor into or out of the phantom folder.
    (call $must_fail (call $rename (i32.const 3) (i32.const 0) (i32.const 4) (i32.const 5) (i32.const 64)
      (i32.const 4)) (i32.const 7))
    (call $must_fail (call $link (i32.const 5) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 3)
      (i32.const 64) (i32.const 4)) (i32.const 8))))
