;; trick: long instructions, which nothing in the guest's code can interrupt: fills of a whole memory
;; holds: what each takes is slept off after it, or in it
;; guard: cpu-share
;; run: --limit cpu.share=20% --wall 1s --memory 128MiB
;; also: --shared
;; expect: limit deadline
;; cpu: 320ms
;; seconds: 6
;; grows: 96MiB
;; without: limit deadline
(module
  (memory (export "memory") 1024)
  (func (export "_start")
    (loop $again
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x4000000))
      (br $again))))
