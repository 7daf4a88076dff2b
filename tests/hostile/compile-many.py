# trick: 100,000 functions that do nothing, each of which the compiler has to look at
# holds: compiling has a limit of its own
# guard: compile
# run: --limit compile.time=1s --limit compile.memory=256MiB
# expect: status 124
# seconds: 4
# grows: 256MiB
# without: hangs | exit 0
"""Writes the core module as text."""

print('(module (memory (export "memory") 1) (func (export "_start"))')
print("(func)\n" * 100_000, ")")
