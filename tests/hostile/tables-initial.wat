;; trick: tables that are too large from the start
;; holds: the module is not even instantiated
;; guard: tables
;; run: --memory 32MiB
;; expect: limit memory
;; grows: 16MiB
;; without: exit 0
(module
  (memory (export "memory") 1)
  (table 8000000 funcref)
  (func (export "_start")))
