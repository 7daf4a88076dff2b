;; trick: a full pipe, and 600 times: one byte written, then a wait for the pipe or a millisecond, whichever comes
;;        first: each wait that ends early leaves what it started behind
;; holds: what is left behind doesn't add up: no threads, no memory
;; guard: none (bounded by what is kept for each stream)
;; run: --wall 5s --memory 32MiB
;; also: --portable
;; stdout: unread
;; expect: limit deadline | trap
;; library: exit 0
;; grows: 8MiB
;; threads: 16
;; seconds: 7
(component
  (import "wasi:io/error@0.2.0" (instance $errors (export "error" (type (sub resource)))))
  (alias export $errors "error" (type $error))
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "output-stream" (type $stream (sub resource)))
    (alias outer 1 $error (type $error'))
    (export "error" (type $error (eq $error')))
    (alias outer 1 $pollable (type $pollable'))
    (export "pollable" (type $pollable (eq $pollable')))
    (type $failure' (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $failure (eq $failure')))
    (export "[method]output-stream.check-write" (func (param "self" (borrow $stream))
      (result (result u64 (error $failure)))))
    (export "[method]output-stream.write" (func (param "self" (borrow $stream)) (param "contents" (list u8))
      (result (result (error $failure)))))
    (export "[method]output-stream.subscribe" (func (param "self" (borrow $stream)) (result (own $pollable))))))
  (alias export $streams "output-stream" (type $stream))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $stream (type $stream'))
    (export "output-stream" (type $stream (eq $stream')))
    (export "get-stdout" (func (result (own $stream))))))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $pollable'))
    (export "pollable" (type $pollable (eq $pollable')))
    (type $duration' u64)
    (export "duration" (type $duration (eq $duration')))
    (export "subscribe-duration" (func (param "when" $duration) (result (own $pollable))))))
  (core module $libc
    (memory (export "memory") 4)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $libc (instantiate $libc))
  (core func $get (canon lower (func $stdout "get-stdout")))
  (core func $room (canon lower (func $streams "[method]output-stream.check-write") (memory $libc "memory")))
  (core func $write (canon lower (func $streams "[method]output-stream.write") (memory $libc "memory")))
  (core func $subscribe (canon lower (func $streams "[method]output-stream.subscribe")))
  (core func $timer (canon lower (func $clock "subscribe-duration")))
  (core func $wait (canon lower (func $poll "poll") (memory $libc "memory") (realloc (func $libc "realloc"))))
  (core func $drop (canon resource.drop $pollable))
  (core module $main
    (import "libc" "memory" (memory 1))
    (import "io" "get" (func $get (result i32)))
    (import "io" "room" (func $room (param i32 i32)))
    (import "io" "write" (func $write (param i32 i32 i32 i32)))
    (import "io" "subscribe" (func $subscribe (param i32) (result i32)))
    (import "io" "timer" (func $timer (param i64) (result i32)))
    (import "io" "wait" (func $wait (param i32 i32 i32)))
    (import "io" "drop" (func $drop (param i32)))
    (func (export "run") (result i32)
      (local $stream i32) (local $left i32)
      (local.set $stream (call $get))
      (local.set $left (i32.const 600))
      (loop $again
        ;; As much as there is room for, and no more.
        (call $room (local.get $stream) (i32.const 16))
        (if (i32.and (i32.eqz (i32.load8_u (i32.const 16))) (i64.ne (i64.load (i32.const 24)) (i64.const 0)))
          (then (call $write (local.get $stream) (i32.const 65536) (i32.wrap_i64 (i64.load (i32.const 24)))
            (i32.const 0))))
        (i32.store (i32.const 64) (call $subscribe (local.get $stream)))
        (i32.store (i32.const 68) (call $timer (i64.const 1000000)))
        (call $wait (i32.const 64) (i32.const 2) (i32.const 128))
        (call $drop (i32.load (i32.const 64)))
        (call $drop (i32.load (i32.const 68)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $again (local.get $left)))
      (i32.const 0)))
  (core instance $main (instantiate $main
    (with "libc" (instance $libc))
    (with "io" (instance
      (export "get" (func $get)) (export "room" (func $room)) (export "write" (func $write))
      (export "subscribe" (func $subscribe)) (export "timer" (func $timer)) (export "wait" (func $wait))
      (export "drop" (func $drop))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $command)))
