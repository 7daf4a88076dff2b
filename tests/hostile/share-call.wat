;; trick: a function that never returns, called by its name
;; holds: it has its share, as a command would
;; guard: cpu-share
;; run: --limit cpu.share=20% --wall 1s
;; call: spin()
;; also: --shared
;; expect: limit deadline
;; cpu: 260ms
;; seconds: 6
;; without: limit deadline
(module (func (export "spin") (loop (br 0))))
