;; trick: work for less than a tick, then a short sleep, so that no tick finds it at work for long
;; holds: all of its work is drawn from its share
;; guard: cpu-share
;; run: --limit cpu.share=20% --wall 1s
;; also: --shared
;; expect: limit deadline
;; cpu: 260ms
;; seconds: 6
;; without: limit deadline
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $now (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (local $until i64)
    (i64.store (i32.const 24) (i64.const 1)) ;; a relative timer of 1 ns
    (loop $again
      (drop (call $now (i32.const 1) (i64.const 0) (i32.const 256)))
      (local.set $until (i64.add (i64.load (i32.const 256)) (i64.const 3000000))) ;; 3 ms
      (loop $work
        (drop (call $now (i32.const 1) (i64.const 0) (i32.const 256)))
        (br_if $work (i64.lt_u (i64.load (i32.const 256)) (local.get $until))))
      (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
      (br $again))))
