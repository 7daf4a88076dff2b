;; trick: a function that never returns
;; holds: it ends with its CPU time, as a command would
;; guard: cpu-time
;; run: --cpu-time 100ms
;; call: spin()
;; also: --shared
;; expect: limit cpu-time
;; cpu: 300ms
;; without: hangs
(module (func (export "spin") (loop (br 0))))
