;; trick: a write of a list<u8> of 20 MiB in one call, which the host copies before it looks
;; holds: one call's buffers on the host are bounded
;; guard: host-buffers
;; run: --memory 32MiB
;; expect: limit host-buffers
;; grows: 16MiB
;; without: trap | exit 1
(component
  (import "wasi:io/error@0.2.0" (instance $errors (export "error" (type (sub resource)))))
  (alias export $errors "error" (type $error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "output-stream" (type $stream (sub resource)))
    (alias outer 1 $error (type $error'))
    (export "error" (type $error (eq $error')))
    (type $failure' (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $failure (eq $failure')))
    (export "[method]output-stream.write" (func (param "self" (borrow $stream)) (param "contents" (list u8))
      (result (result (error $failure)))))))
  (alias export $streams "output-stream" (type $stream))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $stream (type $stream'))
    (export "output-stream" (type $stream (eq $stream')))
    (export "get-stdout" (func (result (own $stream))))))
  (core module $libc (memory (export "memory") 384))
  (core instance $libc (instantiate $libc))
  (core func $get (canon lower (func $stdout "get-stdout")))
  (core func $write (canon lower (func $streams "[method]output-stream.write") (memory $libc "memory")))
  (core module $main
    (import "io" "get" (func $get (result i32)))
    (import "io" "write" (func $write (param i32 i32 i32 i32)))
    (func (export "run") (result i32)
      (call $write (call $get) (i32.const 65536) (i32.const 0x1400000) (i32.const 0))
      (i32.const 1)))
  (core instance $main (instantiate $main
    (with "io" (instance (export "get" (func $get)) (export "write" (func $write))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $command)))
