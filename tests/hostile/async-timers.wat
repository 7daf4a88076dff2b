;; trick: a hundred thousand calls to the host that take an hour each, none waited for
;; holds: calls under way are handles, and counted
;; guard: handles
;; run: --memory 32MiB
;; expect: limit handles
;; grows: 16MiB
;; without: exit 1
;; seconds: 4
(component
  (import "wasi:clocks/monotonic-clock@0.3.0" (instance $clock
    (type $duration' u64)
    (export "duration" (type $duration (eq $duration')))
    (export "wait-for" (func async (param "how-long" $duration)))))
  (core func $wait (canon lower (func $clock "wait-for") async))
  (type $result (result))
  (core func $return (canon task.return (result $result)))
  (core module $main
    (import "" "wait" (func $wait (param i64) (result i32)))
    (import "" "return" (func $return (param i32)))
    (func (export "run") (result i32)
      (local $left i32)
      (local.set $left (i32.const 100000))
      (loop $again
        (drop (call $wait (i64.const 3600000000000)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $again (local.get $left)))
      (call $return (i32.const 1))
      (i32.const 0))
    (func (export "callback") (param i32 i32 i32) (result i32) (unreachable)))
  (core instance $main (instantiate $main
    (with "" (instance (export "wait" (func $wait)) (export "return" (func $return))))))
  (func $run async (result $result)
    (canon lift (core func $main "run") async (callback (func $main "callback"))))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.3.0" (instance $command)))
