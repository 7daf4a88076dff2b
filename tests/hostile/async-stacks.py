# trick: three hundred instances, each of which nests deep and then waits within a call: each holds a stack of a mebibyte
# holds: stacks are drawn from the module's memory, but for the two that every call has
# guard: memory
# run: --memory 64MiB
# expect: limit memory
# grows: 64MiB
# without: exit 1
# seconds: 6
INSTANCES = 300
DEPTH = 20_000

each = range(INSTANCES)
instances = "\n".join(f"""  (instance $task-{n} (instantiate $task (with "clock" (instance $clock))))""" for n in each)
given = "\n".join(f"""    (with "task-{n}" (func $task-{n} "task"))""" for n in each)
tasks = "\n".join(f"""    (import "task-{n}" (func $task-{n} async))""" for n in each)
lowered = "\n".join(f"""    (core func $start-{n} (canon lower (func $task-{n}) async))""" for n in each)
imports = "\n".join(f"""      (import "" "start-{n}" (func $start-{n} (result i32)))""" for n in each)
calls = "\n".join(f"""        (drop (call $start-{n}))""" for n in each)
exports = "\n".join(f"""      (export "start-{n}" (func $start-{n}))""" for n in each)
print(f"""(component
  (import "wasi:clocks/monotonic-clock@0.3.0" (instance $clock
    (type $duration' u64)
    (export "duration" (type $duration (eq $duration')))
    (export "wait-for" (func async (param "how-long" $duration)))))
  (component $task
    (import "clock" (instance $clock
      (type $duration' u64)
      (export "duration" (type $duration (eq $duration')))
      (export "wait-for" (func async (param "how-long" $duration)))))
    (core func $wait (canon lower (func $clock "wait-for")))
    (core module $main
      (import "" "wait" (func $wait (param i64)))
      (func $nest (param $left i32) (result i32)
        (if (i32.eqz (local.get $left)) (then (call $wait (i64.const 3600000000000)) (return (i32.const 0))))
        (i32.add (i32.const 1) (call $nest (i32.sub (local.get $left) (i32.const 1)))))
      (func (export "task") (drop (call $nest (i32.const {DEPTH})))))
    (core instance $main (instantiate $main (with "" (instance (export "wait" (func $wait))))))
    (func (export "task") async (canon lift (core func $main "task"))))
{instances}
  (component $program
{tasks}
{lowered}
    (type $result (result))
    (core func $return (canon task.return (result $result)))
    (core module $main
      (import "" "return" (func $return (param i32)))
{imports}
      (func (export "run") (result i32)
{calls}
        (call $return (i32.const 1))
        (i32.const 0))
      (func (export "callback") (param i32 i32 i32) (result i32) (unreachable)))
    (core instance $main (instantiate $main (with "" (instance
      (export "return" (func $return))
{exports}))))
    (func (export "run") async (result $result)
      (canon lift (core func $main "run") async (callback (func $main "callback")))))
  (instance $program (instantiate $program
{given}))
  (instance $command (export "run" (func $program "run")))
  (export "wasi:cli/run@0.3.0" (instance $command)))""")
