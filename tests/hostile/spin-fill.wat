;; trick: long instructions: fills of a whole memory, one after the other, which can't be interrupted
;; holds: the call ends between two of them
;; guard: cpu-time
;; run: --cpu-time 100ms --memory 128MiB
;; expect: limit cpu-time
;; grows: 96MiB
;; without: hangs
(module
  (memory (export "memory") 1024)
  (func (export "_start")
    (loop $again
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x4000000))
      (br $again))))
