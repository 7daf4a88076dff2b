;; trick: work that the host does: random bytes, the environment, clocks, timers that are over at once
;; holds: it is drawn from the guest's share
;; guard: cpu-share
;; run: --limit cpu.share=20% --wall 1s --env A=B
;; also: --shared
;; expect: limit deadline
;; cpu: 260ms
;; seconds: 6
;; without: limit deadline
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $now (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (func (export "_start")
    (loop $again ;; the subscription at 0 is zeroes: a relative timer of 0 ns
      (drop (call $random (i32.const 65536) (i32.const 32768)))
      (drop (call $environ (i32.const 512) (i32.const 1024)))
      (drop (call $now (i32.const 1) (i64.const 0) (i32.const 256)))
      (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
      (br $again))))
