;; trick: a write of 2^63 zeroes, which cost the guest nothing to ask for
;; holds: it is more than the stream permits: the call traps before the host makes any
;; guard: none (the interface's own check, of what check-write gave)
;; run: --memory 32MiB
;; expect: trap
;; grows: 8MiB
(component
  (import "wasi:io/error@0.2.0" (instance $errors (export "error" (type (sub resource)))))
  (alias export $errors "error" (type $error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "output-stream" (type $stream (sub resource)))
    (alias outer 1 $error (type $error'))
    (export "error" (type $error (eq $error')))
    (type $failure' (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $failure (eq $failure')))
    (export "[method]output-stream.write-zeroes" (func (param "self" (borrow $stream)) (param "len" u64)
      (result (result (error $failure)))))))
  (alias export $streams "output-stream" (type $stream))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $stream (type $stream'))
    (export "output-stream" (type $stream (eq $stream')))
    (export "get-stdout" (func (result (own $stream))))))
  (core module $libc (memory (export "memory") 1))
  (core instance $libc (instantiate $libc))
  (core func $get (canon lower (func $stdout "get-stdout")))
  (core func $zeroes (canon lower (func $streams "[method]output-stream.write-zeroes") (memory $libc "memory")))
  (core module $main
    (import "io" "get" (func $get (result i32)))
    (import "io" "zeroes" (func $zeroes (param i32 i64 i32)))
    (func (export "run") (result i32)
      (call $zeroes (call $get) (i64.const 0x7fff_ffff_ffff_ffff) (i32.const 0))
      (i32.const 1)))
  (core instance $main (instantiate $main
    (with "io" (instance (export "get" (func $get)) (export "zeroes" (func $zeroes))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $command)))
