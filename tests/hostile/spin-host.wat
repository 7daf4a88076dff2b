;; trick: a loop that spends its time in calls of the host
;; holds: what the host works for the guest counts as the guest's CPU time
;; guard: cpu-time
;; run: --cpu-time 100ms
;; also: --shared
;; expect: limit cpu-time
;; without: hangs
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $now (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (loop $again
      (drop (call $now (i32.const 1) (i64.const 0) (i32.const 0)))
      (br $again))))
