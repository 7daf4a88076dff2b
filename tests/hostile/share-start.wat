;; trick: a loop in the start function, before any export is called
;; holds: instantiation has its share only
;; guard: cpu-share
;; run: --limit cpu.share=20% --wall 1s
;; also: --shared
;; expect: limit deadline
;; cpu: 260ms
;; seconds: 6
;; without: limit deadline
(module
  (memory (export "memory") 1)
  (func $start (loop $again (br $again)))
  (func (export "_start"))
  (start $start))
