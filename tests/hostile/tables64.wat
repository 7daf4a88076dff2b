;; trick: a 64-bit table asked for so many elements that their bytes overflow to few
;; holds: the growth fails
;; guard: tables
;; run: --memory 32MiB
;; expect: limit memory
;; grows: 16MiB
;; without: status 121
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (table $t i64 0 funcref)
  (func $refused (param i64) (result i32)
    (i64.eq (table.grow $t (ref.null func) (local.get 0)) (i64.const -1)))
  (func (export "_start")
    (if (i32.eqz (call $refused (i64.const 0x2000_0000_0000_0000))) (then (call $exit (i32.const 2))))
    (if (i32.eqz (call $refused (i64.const 0x2000_0000_0000_0001))) (then (call $exit (i32.const 3))))
    (if (i32.eqz (call $refused (i64.const 0xffff_ffff_ffff_ffff))) (then (call $exit (i32.const 4))))
    (if (call $refused (i64.const 8000000)) (then unreachable))
    (call $exit (i32.const 1))))
