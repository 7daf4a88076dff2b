# SPDX-License-Identifier: Apache-2.0
"""What a case compares with."""


def expect(held, what):
    if not held:
        raise AssertionError(f"expected {what}")


def equal(got, wanted):
    if got != wanted:
        raise AssertionError(f"expected {wanted!r}, got {got!r}")


def begins(got, wanted):
    if not got.startswith(wanted):
        raise AssertionError(f"expected a text that begins with {wanted!r}, got {got!r}")
