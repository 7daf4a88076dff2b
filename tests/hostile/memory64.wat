;; trick: a 64-bit memory, which no reservation of 4 GiB bounds, asked for more than the address space
;; holds: every growth that is too large fails, also where sums overflow
;; guard: memory
;; run: --memory 32MiB
;; expect: limit memory
;; grows: 16MiB
;; without: exit 1
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (memory $large i64 1)
  (func $refused (param i64) (result i32)
    (i64.eq (memory.grow $large (local.get 0)) (i64.const -1)))
  (func (export "_start")
    (if (i32.eqz (call $refused (i64.const 0xffff_ffff_ffff_ffff))) (then (call $exit (i32.const 2))))
    (if (i32.eqz (call $refused (i64.const 0x0000_ffff_ffff_ffff))) (then (call $exit (i32.const 3))))
    (if (i32.eqz (call $refused (i64.const 0x0000_0000_8000_0000))) (then (call $exit (i32.const 4))))
    (if (call $refused (i64.const 4096)) (then unreachable))
    (call $exit (i32.const 1))))
