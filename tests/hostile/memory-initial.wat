;; trick: a memory that is too large from the start
;; holds: the module is not even instantiated
;; guard: memory
;; run: --memory 32MiB
;; expect: limit memory
;; grows: 16MiB
;; without: exit 0
(module
  (memory (export "memory") 1024)
  (func (export "_start")))
