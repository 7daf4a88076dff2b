;; trick: a guest that uses all of its own memory, and then has 450 streams read ahead: 64 KiB each, on the host
;; holds: what the host holds for handles comes out of the memory limit too
;; guard: none (a file is read when it is asked for, and nothing is kept)
;; run: --memory 32MiB --dir $RO:/ro
;; expect: exit 0 | limit handles | limit memory
;; grows: 44MiB
(component
  (import "wasi:io/error@0.2.0" (instance $errors (export "error" (type (sub resource)))))
  (alias export $errors "error" (type $io-error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "input-stream" (type $stream (sub resource)))
    (alias outer 1 $io-error (type $error'))
    (export "error" (type $error (eq $error')))
    (type $failure' (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $failure (eq $failure')))
    (export "[method]input-stream.read" (func (param "self" (borrow $stream)) (param "len" u64)
      (result (result (list u8) (error $failure)))))))
  (alias export $streams "input-stream" (type $stream))
  (import "wasi:filesystem/types@0.2.0" (instance $types
    (alias outer 1 $stream (type $stream'))
    (export "input-stream" (type $s (eq $stream')))
    (export "descriptor" (type $descriptor (sub resource)))
    (type $error' (enum "access" "would-block" "already" "bad-descriptor" "busy" "deadlock" "quota" "exist"
      "file-too-large" "illegal-byte-sequence" "in-progress" "interrupted" "invalid" "io" "is-directory" "loop"
      "too-many-links" "message-size" "name-too-long" "no-device" "no-entry" "no-lock" "insufficient-memory"
      "insufficient-space" "not-directory" "not-empty" "not-recoverable" "unsupported" "no-tty" "no-such-device"
      "overflow" "not-permitted" "pipe" "read-only" "invalid-seek" "text-file-busy" "cross-device"))
    (export "error-code" (type $error (eq $error')))
    (type $path-flags' (flags "symlink-follow"))
    (export "path-flags" (type $path-flags (eq $path-flags')))
    (type $open-flags' (flags "create" "directory" "exclusive" "truncate"))
    (export "open-flags" (type $open-flags (eq $open-flags')))
    (type $flags' (flags "read" "write" "file-integrity-sync" "data-integrity-sync" "requested-write-sync"
      "mutate-directory"))
    (export "descriptor-flags" (type $flags (eq $flags')))
    (export "[method]descriptor.read-via-stream" (func
      (param "self" (borrow $descriptor)) (param "offset" u64) (result (result (own $s) (error $error)))))
    (export "[method]descriptor.open-at" (func
      (param "self" (borrow $descriptor)) (param "path-flags" $path-flags) (param "path" string)
      (param "open-flags" $open-flags) (param "flags" $flags)
      (result (result (own $descriptor) (error $error)))))))
  (alias export $types "descriptor" (type $descriptor))
  (import "wasi:filesystem/preopens@0.2.0" (instance $preopens
    (alias outer 1 $descriptor (type $descriptor'))
    (export "descriptor" (type $descriptor (eq $descriptor')))
    (export "get-directories" (func (result (list (tuple (own $descriptor) string)))))))
  (core module $libc
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next)
      (global.set $next (i32.and (i32.add (i32.add (global.get $next) (local.get 3)) (i32.const 7)) (i32.const -8)))))
  (core instance $libc (instantiate $libc))
  (core func $open (canon lower (func $types "[method]descriptor.open-at") (memory $libc "memory")))
  (core func $stream (canon lower (func $types "[method]descriptor.read-via-stream") (memory $libc "memory")))
  (core func $read (canon lower (func $streams "[method]input-stream.read") (memory $libc "memory")
    (realloc (func $libc "realloc"))))
  (core func $dirs (canon lower (func $preopens "get-directories")
    (memory $libc "memory") (realloc (func $libc "realloc"))))
  (core module $main
    (import "libc" "memory" (memory 1))
    (import "fs" "open" (func $open (param i32 i32 i32 i32 i32 i32 i32)))
    (import "fs" "stream" (func $stream (param i32 i64 i32)))
    (import "fs" "read" (func $read (param i32 i64 i32)))
    (import "fs" "dirs" (func $dirs (param i32)))
    (data (i32.const 0) "large")
    (func (export "run") (result i32)
      (local $left i32)
      (loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
      (memory.fill (i32.const 65536) (i32.const 1)
        (i32.shl (i32.sub (memory.size) (i32.const 1)) (i32.const 16)))
      (call $dirs (i32.const 16))
      (call $open (i32.load (i32.load (i32.const 16))) (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 0)
        (i32.const 1) (i32.const 32))
      (if (i32.load8_u (i32.const 32)) (then (return (i32.const 1))))
      (local.set $left (i32.const 450))
      (loop $again
        (call $stream (i32.load (i32.const 36)) (i64.const 0) (i32.const 64))
        (if (i32.load8_u (i32.const 64)) (then (return (i32.const 1))))
        (call $read (i32.load (i32.const 68)) (i64.const -1) (i32.const 96))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $again (local.get $left)))
      (local.set $left (i32.const 30000000))
      (loop $busy
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $busy (local.get $left)))
      (i32.const 0)))
  (core instance $main (instantiate $main
    (with "libc" (instance $libc))
    (with "fs" (instance (export "open" (func $open)) (export "stream" (func $stream)) (export "read" (func $read))
      (export "dirs" (func $dirs))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $command)))
