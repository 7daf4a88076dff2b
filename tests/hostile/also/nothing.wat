;; Does nothing: what every run costs.
(module
  (memory (export "memory") 1)
  (func (export "_start")))
