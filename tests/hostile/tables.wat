;; trick: memory that is no memory: a table of functions that grows
;; holds: tables draw from the memory limit
;; guard: tables
;; run: --memory 32MiB
;; expect: limit memory
;; grows: 64MiB
;; without: exit 1
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (table $t 1 funcref)
  (elem declare func $f)
  (func $f)
  (func (export "_start")
    (loop $again
      (if (i32.eq (table.grow $t (ref.func $f) (i32.const 100000)) (i32.const -1)) (then unreachable))
      (br_if $again (i32.lt_u (table.size $t) (i32.const 16000000))))
    (call $exit (i32.const 1))))
