# trick: 7,000 components, each inside the last: for each level the compiler keeps all that is below
# holds: what compiling takes is bounded: it is refused, and the process with all its other guests lives on
# guard: compile
# run: --limit compile.time=1s --limit compile.memory=256MiB
# expect: status 124 | status 121
# seconds: 4
# grows: 256MiB
# without: any
"""Writes the component in binary form: as text it would be too deep to read."""

import sys

HEADER = b"\0asm\x0d\0\x01\0"


def leb(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


component = HEADER
for _ in range(7_000):
    component = HEADER + b"\x04" + leb(len(component)) + component
sys.stdout.buffer.write(component)
