;; trick: a library that never gets through its start
;; holds: it ends with its deadline, before any function of it is called
;; guard: wall
;; run: --wall 200ms
;; call: answer()
;; also: --shared
;; expect: limit deadline
;; without: hangs
(module
  (func (export "_initialize") (loop (br 0)))
  (func (export "answer") (result i32) (i32.const 42)))
