;; trick: a hundred thousand streams and futures made, each with a write that nobody reads
;; holds: both ends of each are handles, and counted; what is written stays in the guest's memory
;; guard: handles
;; run: --memory 32MiB
;; expect: limit handles
;; grows: 16MiB
;; without: exit 1
;; seconds: 4
(component
  (type $stream (stream u8))
  (type $future (future u32))
  (core func $stream (canon stream.new $stream))
  (core func $future (canon future.new $future))
  (core module $libc (memory (export "memory") 1))
  (core instance $libc (instantiate $libc))
  (core func $write-stream (canon stream.write $stream async (memory $libc "memory")))
  (core func $write-future (canon future.write $future async (memory $libc "memory")))
  (type $result (result))
  (core func $return (canon task.return (result $result)))
  (core module $main
    (import "" "stream" (func $stream (result i64)))
    (import "" "future" (func $future (result i64)))
    (import "" "write-stream" (func $write-stream (param i32 i32 i32) (result i32)))
    (import "" "write-future" (func $write-future (param i32 i32) (result i32)))
    (import "" "return" (func $return (param i32)))
    (func (export "run") (result i32)
      (local $left i32)
      (local.set $left (i32.const 50000))
      (loop $again
        (drop (call $write-stream (i32.wrap_i64 (i64.shr_u (call $stream) (i64.const 32))) (i32.const 0)
          (i32.const 65536)))
        (drop (call $write-future (i32.wrap_i64 (i64.shr_u (call $future) (i64.const 32))) (i32.const 0)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $again (local.get $left)))
      (call $return (i32.const 1))
      (i32.const 0))
    (func (export "callback") (param i32 i32 i32) (result i32) (unreachable)))
  (core instance $main (instantiate $main (with "" (instance
    (export "stream" (func $stream)) (export "future" (func $future))
    (export "write-stream" (func $write-stream)) (export "write-future" (func $write-future))
    (export "return" (func $return))))))
  (func $run async (result $result)
    (canon lift (core func $main "run") async (callback (func $main "callback"))))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.3.0" (instance $command)))
