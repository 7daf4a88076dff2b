# trick: 10 kB of module that take the compiler ten seconds: 2,000 variables live through 500 nested loops
# holds: compiling has a limit of its own
# guard: compile
# run: --limit compile.time=1s --limit compile.memory=256MiB
# expect: status 124
# seconds: 4
# without: hangs | exit 0
"""Writes the core module as text."""

VARIABLES, LOOPS = 2_000, 500
reads = "".join(f"(drop (local.get {i}))" for i in range(VARIABLES))
writes = "".join(f"(local.set {i} (i32.add (local.get {i}) (i32.const 1)))" for i in range(0, VARIABLES, 50))
print('(module (memory (export "memory") 1) (func (export "_start")')
print("(local" + " i32" * VARIABLES + ")")
print("loop " * LOOPS, reads, writes, "(br_if 0 (i32.const 0))", "end " * LOOPS, "))")
