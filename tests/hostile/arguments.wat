;; trick: a megabyte of arguments and one of variables, which whoever starts the host passes on to the guest
;; holds: they arrive, or the guest traps; the host stays within its memory
;; guard: none (they are the caller's)
;; run: --memory 32MiB
;; bomb: 100 arguments and variables of 10000 bytes
;; expect: exit 0 | trap | limit host-buffers | limit memory
;; grows: 32MiB
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $arg_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $env_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $env (param i32 i32) (result i32)))
  (memory (export "memory") 64)
  (func (export "_start")
    (drop (call $arg_sizes (i32.const 0) (i32.const 4)))
    (drop (call $args (i32.const 65536) (i32.const 131072)))
    (drop (call $env_sizes (i32.const 0) (i32.const 4)))
    (drop (call $env (i32.const 65536) (i32.const 131072)))))
