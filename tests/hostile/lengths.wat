;; trick: reads and skips of 2^64-1 bytes from an input that never ends
;; holds: the host gives a little at a time
;; guard: none (constants of the streams)
;; run: --memory 32MiB
;; stdin: zero
;; expect: exit 0
;; grows: 8MiB
(component
  (import "wasi:io/error@0.2.0" (instance $errors (export "error" (type (sub resource)))))
  (alias export $errors "error" (type $error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "input-stream" (type $stream (sub resource)))
    (alias outer 1 $error (type $error'))
    (export "error" (type $error (eq $error')))
    (type $failure' (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $failure (eq $failure')))
    (export "[method]input-stream.read" (func (param "self" (borrow $stream)) (param "len" u64)
      (result (result (list u8) (error $failure)))))
    (export "[method]input-stream.blocking-read" (func (param "self" (borrow $stream)) (param "len" u64)
      (result (result (list u8) (error $failure)))))
    (export "[method]input-stream.skip" (func (param "self" (borrow $stream)) (param "len" u64)
      (result (result u64 (error $failure)))))
    (export "[method]input-stream.blocking-skip" (func (param "self" (borrow $stream)) (param "len" u64)
      (result (result u64 (error $failure)))))))
  (alias export $streams "input-stream" (type $stream))
  (import "wasi:cli/stdin@0.2.0" (instance $stdin
    (alias outer 1 $stream (type $stream'))
    (export "input-stream" (type $stream (eq $stream')))
    (export "get-stdin" (func (result (own $stream))))))
  (core module $libc
    (memory (export "memory") 32)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (if (i32.gt_u (local.get 3) (i32.const 0x100000)) (then unreachable))
      (i32.const 65536)))
  (core instance $libc (instantiate $libc))
  (core func $get (canon lower (func $stdin "get-stdin")))
  (core func $read (canon lower (func $streams "[method]input-stream.read") (memory $libc "memory")
    (realloc (func $libc "realloc"))))
  (core func $wait (canon lower (func $streams "[method]input-stream.blocking-read") (memory $libc "memory")
    (realloc (func $libc "realloc"))))
  (core func $skip (canon lower (func $streams "[method]input-stream.skip") (memory $libc "memory")))
  (core func $wait-skip (canon lower (func $streams "[method]input-stream.blocking-skip") (memory $libc "memory")))
  (core module $main
    (import "io" "get" (func $get (result i32)))
    (import "io" "read" (func $read (param i32 i64 i32)))
    (import "io" "wait" (func $wait (param i32 i64 i32)))
    (import "io" "skip" (func $skip (param i32 i64 i32)))
    (import "io" "wait-skip" (func $wait-skip (param i32 i64 i32)))
    (func (export "run") (result i32)
      (local $stream i32) (local $left i32)
      (local.set $stream (call $get))
      (local.set $left (i32.const 100))
      (loop $again
        (call $read (local.get $stream) (i64.const -1) (i32.const 0))
        (call $wait (local.get $stream) (i64.const -1) (i32.const 0))
        (call $skip (local.get $stream) (i64.const -1) (i32.const 0))
        (call $wait-skip (local.get $stream) (i64.const -1) (i32.const 0))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $again (local.get $left)))
      (i32.const 0)))
  (core instance $main (instantiate $main
    (with "io" (instance (export "get" (func $get)) (export "read" (func $read)) (export "wait" (func $wait))
      (export "skip" (func $skip)) (export "wait-skip" (func $wait-skip))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $command)))
