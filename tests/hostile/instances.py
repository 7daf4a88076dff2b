# trick: a thousand instances of one small module with 50,000 globals: host memory that is no guest's memory
# holds: what the host keeps for instances is bounded by the memory limit too
# guard: memory
# run: --memory 32MiB
# expect: limit memory
# grows: 64MiB
# without: exit 0 | hangs
"""Writes the component as text: nobody would read 50,000 globals."""

print("(component")
print("  (core module $wide (func (export \"f\"))")
print("    (global (mut i64) (i64.const 1))\n" * 50_000 + "  )")
print("  (core instance $first (instantiate $wide))")
print("  (core instance (instantiate $wide))\n" * 900)
print("""
  (core module $main (func (export "run") (result i32) (i32.const 0)))
  (core instance $main (instantiate $main))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $command)))""")
