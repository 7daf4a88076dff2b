;; trick: a task of WASI 0.3 that never comes back, behind a hundred that wait
;; holds: the call as a whole has its share
;; guard: cpu-share
;; run: --limit cpu.share=20% --wall 1s
;; also: --shared
;; expect: limit deadline
;; cpu: 260ms
;; seconds: 6
;; without: limit deadline
(component
  (component $task
    (core func $set (canon waitable-set.new))
    (core module $main
      (import "" "set" (func $set (result i32)))
      (global $calls (mut i32) (i32.const 0))
      (func (export "task") (result i32)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (if (i32.gt_u (global.get $calls) (i32.const 100)) (then (loop $spin (br $spin))))
        (i32.or (i32.const 2) (i32.shl (call $set) (i32.const 4)))) ;; wait
      (func (export "callback") (param i32 i32 i32) (result i32) (unreachable)))
    (core instance $main (instantiate $main (with "" (instance (export "set" (func $set))))))
    (func (export "task") async
      (canon lift (core func $main "task") async (callback (func $main "callback")))))
  (instance $task (instantiate $task))
  (component $program
    (import "task" (func $task async))
    (core func $start (canon lower (func $task) async))
    (core module $main
      (import "" "start" (func $start (result i32)))
      (func (export "run") (result i32) (loop $again (drop (call $start)) (br $again)) (unreachable))
      (func (export "callback") (param i32 i32 i32) (result i32) (unreachable)))
    (core instance $main (instantiate $main (with "" (instance (export "start" (func $start))))))
    (func $run async (result (result))
      (canon lift (core func $main "run") async (callback (func $main "callback"))))
    (export "run" (func $run)))
  (instance $program (instantiate $program (with "task" (func $task "task"))))
  (instance $command (export "run" (func $program "run")))
  (export "wasi:cli/run@0.3.0" (instance $command)))
