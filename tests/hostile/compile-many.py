# trick: 100,000 functions that do nothing, each of which the compiler has to look at
# holds: compiling is under the deadline too
# guard: compile
# run: --wall 1s
# expect: limit deadline | status 124
# open: no limit covers compiling yet
# seconds: 4
# grows: 256MiB
# without: hangs | exit 0
"""Writes the core module as text."""

print('(module (memory (export "memory") 1) (func (export "_start"))')
print("(func)\n" * 100_000, ")")
