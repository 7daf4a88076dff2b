;; trick: a loop with a share so small that it rests for most of a second
;; holds: its share, and its deadline, which comes while it rests
;; guard: cpu-share
;; run: --limit cpu.share=0.5% --wall 500ms
;; also: --shared
;; expect: limit deadline
;; cpu: 40ms
;; seconds: 6
;; without: limit deadline
(module
  (memory (export "memory") 1)
  (func (export "_start") (loop $again (br $again))))
