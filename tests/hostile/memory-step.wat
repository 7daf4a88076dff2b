;; trick: all the memory there is, in one step
;; holds: the growth fails as an allocator expects, and a guest that then gives up is told why
;; guard: memory
;; run: --memory 32MiB
;; expect: limit memory
;; grows: 16MiB
;; without: exit 1
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (if (i32.eq (memory.grow (i32.const 4096)) (i32.const -1)) (then unreachable))
    (call $exit (i32.const 1))))
