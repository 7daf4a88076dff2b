;; trick: a memory that is too large from the start, because its data say so: one byte at its end
;; holds: the module is not even instantiated
;; guard: memory
;; run: --memory 32MiB
;; expect: limit memory
;; grows: 16MiB
;; without: exit 0
(module
  (memory (export "memory") 4096)
  (data (i32.const 0xfffffff) "x")
  (func (export "_start")))
