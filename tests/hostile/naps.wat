;; trick: naps of a microsecond for ever: never busy, never done
;; holds: the deadline ends it
;; guard: wall
;; run: --wall 200ms
;; expect: limit deadline
;; without: hangs
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i64.store (i32.const 24) (i64.const 1000))
    (loop $again
      (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
      (br $again))))
