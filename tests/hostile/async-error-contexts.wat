;; trick: ten thousand error contexts, each with a message of 16 KiB, which lie in the host's memory
;; holds: a module that makes them gets few handles, and their messages are part of its memory
;; guard: handles
;; run: --memory 64MiB
;; expect: limit handles
;; grows: 24MiB
;; without: exit 1
;; seconds: 4
(component
  (core module $libc
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0)))
  (core instance $libc (instantiate $libc))
  (core func $new (canon error-context.new (memory $libc "memory")))
  (type $result (result))
  (core func $return (canon task.return (result $result)))
  (core module $main
    (import "" "new" (func $new (param i32 i32) (result i32)))
    (import "" "return" (func $return (param i32)))
    (func (export "run") (result i32)
      (local $left i32)
      (local.set $left (i32.const 10000))
      (loop $again
        (drop (call $new (i32.const 0) (i32.const 16384)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $again (local.get $left)))
      (call $return (i32.const 1))
      (i32.const 0))
    (func (export "callback") (param i32 i32 i32) (result i32) (unreachable)))
  (core instance $main (instantiate $main
    (with "" (instance (export "new" (func $new)) (export "return" (func $return))))))
  (func $run async (result $result)
    (canon lift (core func $main "run") async (callback (func $main "callback"))))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.3.0" (instance $command)))
