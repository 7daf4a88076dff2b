;; trick: a loop in the start function, before any export is called
;; holds: instantiation is under the CPU limit too
;; guard: cpu-time
;; run: --cpu-time 100ms
;; also: --shared
;; expect: limit cpu-time
;; without: hangs
(module
  (memory (export "memory") 1)
  (func $start (loop $again (br $again)))
  (func (export "_start"))
  (start $start))
