;; trick: exceptions thrown and caught for ever, which the host unwinds
;; holds: the call ends soon after its CPU time is up, and the exceptions' memory is collected
;; guard: cpu-time
;; run: --cpu-time 100ms --memory 32MiB
;; also: --shared
;; expect: limit cpu-time
;; without: hangs
(module
  (memory (export "memory") 1)
  (tag $ball)
  (func $throw (throw $ball))
  (func (export "_start")
    (loop $again
      (block $caught
        (try_table (catch_all $caught) (call $throw)))
      (br $again))))
