;; trick: a stream of WASI 0.3 without end to standard output, which nobody reads
;; holds: the guest waits for its reader, the host keeps no more than a piece, and the deadline ends it
;; guard: nonblocking-stdout
;; run: --wall 300ms
;; also: --portable
;; expect: limit deadline
;; grows: 8MiB
;; stdout: unread
;; without: hangs
(component
  (import "wasi:cli/types@0.3.0" (instance $types
    (type $error' (enum "io" "illegal-byte-sequence" "pipe"))
    (export "error-code" (type $error (eq $error')))))
  (alias export $types "error-code" (type $error))
  (type $bytes (stream u8))
  (type $end (future (result (error $error))))
  (import "wasi:cli/stdout@0.3.0" (instance $stdout
    (alias outer 1 $error (type $error'))
    (export "error-code" (type $error'' (eq $error')))
    (type $bytes (stream u8))
    (type $end (future (result (error $error''))))
    (export "write-via-stream" (func (param "data" $bytes) (result $end)))))
  (core func $stream (canon stream.new $bytes))
  (core module $libc (memory (export "memory") 16))
  (core instance $libc (instantiate $libc))
  (core func $write (canon stream.write $bytes async (memory $libc "memory")))
  (core func $out (canon lower (func $stdout "write-via-stream")))
  (core func $set (canon waitable-set.new))
  (core func $join (canon waitable.join))
  (core module $main
    (import "" "stream" (func $stream (result i64)))
    (import "" "write" (func $write (param i32 i32 i32) (result i32)))
    (import "" "out" (func $out (param i32) (result i32)))
    (import "" "set" (func $set (result i32)))
    (import "" "join" (func $join (param i32 i32)))
    (global $writer (mut i32) (i32.const 0))
    (global $waiting (mut i32) (i32.const 0))
    ;; Writes until there is something to wait for.
    (func $flood (result i32)
      (loop $again
        (br_if $again (i32.ne (i32.const -1)
          (call $write (global.get $writer) (i32.const 0) (i32.const 1048576)))))
      (i32.or (i32.const 2) (i32.shl (global.get $waiting) (i32.const 4))))
    (func (export "run") (result i32)
      (local $both i64)
      (local.set $both (call $stream))
      (global.set $writer (i32.wrap_i64 (i64.shr_u (local.get $both) (i64.const 32))))
      (drop (call $out (i32.wrap_i64 (local.get $both))))
      (global.set $waiting (call $set))
      (call $join (global.get $writer) (global.get $waiting))
      (call $flood))
    (func (export "callback") (param i32 i32 i32) (result i32) (call $flood)))
  (core instance $main (instantiate $main (with "" (instance
    (export "stream" (func $stream)) (export "write" (func $write)) (export "out" (func $out))
    (export "set" (func $set)) (export "join" (func $join))))))
  (func $run async (result (result))
    (canon lift (core func $main "run") async (callback (func $main "callback"))))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.3.0" (instance $command)))
