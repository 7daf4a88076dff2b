;; trick: many tables, of host references and of functions, each within the limit, together not
;; holds: the limit is of all tables together
;; guard: tables
;; run: --memory 32MiB
;; expect: limit memory
;; grows: 64MiB
;; without: exit 1
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (table $a 1 externref)
  (table $b 1 funcref)
  (table $c 1 anyref)
  (table $d 1 externref)
  (func $must (param i32) (if (i32.eq (local.get 0) (i32.const -1)) (then unreachable)))
  (func (export "_start")
    (call $must (table.grow $a (ref.null extern) (i32.const 2000000)))
    (call $must (table.grow $b (ref.null func) (i32.const 2000000)))
    (call $must (table.grow $c (ref.null any) (i32.const 2000000)))
    (call $must (table.grow $d (ref.null extern) (i32.const 2000000)))
    (call $exit (i32.const 1))))
