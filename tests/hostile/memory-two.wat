;; trick: two memories, each within the limit, together not
;; holds: the limit is of the whole module
;; guard: memory
;; run: --memory 32MiB
;; expect: limit memory
;; grows: 40MiB
;; without: exit 1
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (memory $second 1)
  (func (export "_start")
    (if (i32.eq (memory.grow (i32.const 320)) (i32.const -1)) (then (call $exit (i32.const 2))))
    (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x1400000))
    (if (i32.eq (memory.grow $second (i32.const 320)) (i32.const -1)) (then unreachable))
    (call $exit (i32.const 1))))
