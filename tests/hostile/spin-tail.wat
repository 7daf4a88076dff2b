;; trick: a loop without a loop: a function that tail-calls itself
;; holds: the call ends soon after its CPU time is up
;; guard: cpu-time
;; run: --cpu-time 100ms
;; also: --shared
;; expect: limit cpu-time
;; without: hangs
(module
  (memory (export "memory") 1)
  (func $again (export "_start") (return_call $again)))
