;; trick: a hundred thousand tasks of WASI 0.3 started, each of which waits for ever
;; holds: tasks are handles, and counted
;; guard: handles
;; run: --memory 32MiB
;; expect: limit handles
;; grows: 16MiB
;; without: exit 1
;; seconds: 4
(component
  (component $task
    (core func $set (canon waitable-set.new))
    (core module $main
      (import "" "set" (func $set (result i32)))
      (global $nothing (mut i32) (i32.const 0))
      (func (export "task") (result i32)
        (if (i32.eqz (global.get $nothing)) (then (global.set $nothing (call $set))))
        (i32.or (i32.const 2) (i32.shl (global.get $nothing) (i32.const 4)))) ;; wait
      (func (export "callback") (param i32 i32 i32) (result i32) (unreachable)))
    (core instance $main (instantiate $main (with "" (instance (export "set" (func $set))))))
    (func (export "task") async
      (canon lift (core func $main "task") async (callback (func $main "callback")))))
  (instance $task (instantiate $task))
  (component $program
    (import "task" (func $task async))
    (core func $start (canon lower (func $task) async))
    (type $result (result))
    (core func $return (canon task.return (result $result)))
    (core module $main
      (import "" "start" (func $start (result i32)))
      (import "" "return" (func $return (param i32)))
      (func (export "run") (result i32)
        (local $left i32)
        (local.set $left (i32.const 100000))
        (loop $again
          (drop (call $start))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br_if $again (local.get $left)))
        (call $return (i32.const 1))
        (i32.const 0))
      (func (export "callback") (param i32 i32 i32) (result i32) (unreachable)))
    (core instance $main (instantiate $main
      (with "" (instance (export "start" (func $start)) (export "return" (func $return))))))
    (func $run async (result $result)
      (canon lift (core func $main "run") async (callback (func $main "callback"))))
    (export "run" (func $run)))
  (instance $program (instantiate $program (with "task" (func $task "task"))))
  (instance $command (export "run" (func $program "run")))
  (export "wasi:cli/run@0.3.0" (instance $command)))
