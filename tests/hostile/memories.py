# trick: nine thousand memories of no page at all, each with 4 GiB of address space: a quarter of what there is
# holds: they are refused before the process runs out of it, which all its guests share
# guard: memory
# run: --memory 32MiB
# expect: limit memory
# grows: 64MiB
# without: exit 0
"""Writes the component as text: 100 memories a module, 90 instances."""

print("(component")
print("  (core module $many")
print("    (memory 0)\n" * 100 + "  )")
print("  (core instance (instantiate $many))\n" * 90)
print("""
  (core module $main (func (export "run") (result i32) (i32.const 0)))
  (core instance $main (instantiate $main))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $command)))""")
