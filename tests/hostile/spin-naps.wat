;; trick: a guest that uses the CPU just below the limit, sleeps, and goes on, so that each look finds little
;; holds: CPU time adds up over the naps
;; guard: cpu-time
;; run: --cpu-time 100ms
;; also: --shared
;; expect: limit cpu-time
;; without: hangs
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (local $left i32)
    (i64.store (i32.const 24) (i64.const 1000000)) ;; a relative timer of 1 ms
    (loop $again
      (local.set $left (i32.const 2000000))
      (loop $work
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $work (local.get $left)))
      (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
      (br $again))))
