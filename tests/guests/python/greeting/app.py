# SPDX-License-Identifier: Apache-2.0
"""Greets whom it is told to: the smallest library that shows a string in and out."""

from wit_world import exports


class Greeting(exports.Greeting):
    def greet(self, name: str) -> str:
        return f"Hello, {name}!"
