;; trick: a loop that never ends
;; holds: the call ends soon after its CPU time is up
;; guard: cpu-time
;; run: --cpu-time 100ms
;; also: --shared
;; expect: limit cpu-time
;; without: hangs
(module
  (memory (export "memory") 1)
  (func (export "_start") (loop $again (br $again))))
