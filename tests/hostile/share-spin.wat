;; trick: a loop that takes all it can get
;; holds: in its second it gets its share of a core, and a tenth of that more
;; guard: cpu-share
;; run: --limit cpu.share=20% --wall 1s
;; also: --shared
;; expect: limit deadline
;; cpu: 260ms
;; seconds: 6
;; without: limit deadline
(module
  (memory (export "memory") 1)
  (func (export "_start") (loop $again (br $again))))
