;; trick: a path of 16 MiB
;; holds: one call's buffers on the host are bounded
;; guard: host-buffers
;; run: --memory 32MiB --dir $RO:/ro
;; expect: limit host-buffers
;; grows: 40MiB
;; without: exit 1
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
  (memory (export "memory") 320)
  (func (export "_start")
    (memory.fill (i32.const 65536) (i32.const 0x61) (i32.const 0x1000000))
    (drop (call $unlink (i32.const 3) (i32.const 65536) (i32.const 0x1000000)))
    (call $exit (i32.const 1))))
