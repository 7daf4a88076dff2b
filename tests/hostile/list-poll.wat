;; trick: one timer waited for five million times in one poll: four bytes in the guest, many more on the host
;; holds: one call's buffers on the host are bounded
;; guard: host-buffers
;; run: --memory 32MiB
;; expect: limit host-buffers
;; grows: 40MiB
;; without: any
(component
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $pollable'))
    (export "pollable" (type $pollable (eq $pollable')))
    (type $duration' u64)
    (export "duration" (type $duration (eq $duration')))
    (export "subscribe-duration" (func (param "when" $duration) (result (own $pollable))))))
  (core module $libc
    (memory (export "memory") 352)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
  (core instance $libc (instantiate $libc))
  (core func $subscribe (canon lower (func $clock "subscribe-duration")))
  (core func $wait (canon lower (func $poll "poll") (memory $libc "memory") (realloc (func $libc "realloc"))))
  (core module $main
    (import "libc" "memory" (memory 1))
    (import "io" "subscribe" (func $subscribe (param i64) (result i32)))
    (import "io" "wait" (func $wait (param i32 i32 i32)))
    (func (export "run") (result i32)
      (local $timer i32) (local $at i32)
      (local.set $timer (call $subscribe (i64.const 1)))
      (local.set $at (i32.const 65536))
      (loop $again
        (i32.store (local.get $at) (local.get $timer))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br_if $again (i32.lt_u (local.get $at) (i32.const 20065536))))
      (call $wait (i32.const 65536) (i32.const 5000000) (i32.const 0))
      (i32.const 1)))
  (core instance $main (instantiate $main
    (with "libc" (instance $libc))
    (with "io" (instance (export "subscribe" (func $subscribe)) (export "wait" (func $wait))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $command)))
