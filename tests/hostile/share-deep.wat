;; trick: a loop where the guest's stack is nearly full, when what makes it rest needs some
;; holds: its share; nothing overflows
;; guard: cpu-share
;; run: --limit cpu.share=20% --wall 1s
;; also: --shared
;; expect: limit deadline
;; cpu: 260ms
;; seconds: 6
;; without: limit deadline
(module
  (memory (export "memory") 1)
  (func $down (param $left i32) (result i32)
    (if (i32.eqz (local.get $left)) (then (loop $again (br $again))))
    (i32.add (call $down (i32.sub (local.get $left) (i32.const 1))) (local.get $left)))
  (func (export "_start") (drop (call $down (i32.const 20000)))))
