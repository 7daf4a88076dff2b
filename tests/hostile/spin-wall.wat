;; trick: a loop that never ends, where only a deadline is set
;; holds: the deadline ends busy guests too
;; guard: wall
;; run: --wall 200ms
;; also: --shared
;; expect: limit deadline
;; without: hangs
(module
  (memory (export "memory") 1)
  (func (export "_start") (loop $again (br $again))))
