;; trick: functions whose names look like lines of berth, with a terminal's control sequences, in a trace
;; holds: what berth says of them stays its own lines, without control characters
;; guard: none (how names are printed)
;; report: text
;; expect: status 134
;; stderr: clean
(module
  (memory (export "memory") 1)
  (func $"x\1b[2J\0aFORGED\0d\1b]0;FORGED\07" (export "_start") unreachable))
