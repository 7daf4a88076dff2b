;; trick: more random bytes at once than the host should hold, in preview 1
;; holds: one call's buffers on the host are bounded
;; guard: host-buffers
;; run: --memory 32MiB
;; expect: limit host-buffers
;; grows: 40MiB
;; without: exit 1
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 320)
  (func (export "_start")
    (drop (call $random (i32.const 65536) (i32.const 0x1000000))) ;; 16 MiB
    (call $exit (i32.const 1))))
