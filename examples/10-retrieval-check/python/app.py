# SPDX-License-Identifier: Apache-2.0
"""Fetches each path of its arguments (CID/NAME) over berth:content, and tells its owner how fast that went."""

import sys
from time import monotonic

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import activity, environment, fetch
from wit_world.imports.streams import StreamError_Closed

PIECE = 64 << 10


class Run(exports.Run):
    def run(self) -> None:
        for path in environment.get_arguments()[1:]:
            try:
                tell(path)
            except Err as refusal:
                # Nobody hears of it otherwise.
                print(f"check-python: {refusal.value}", file=sys.stderr)


def tell(path):
    try:
        line = check(path)
    except Err as failure:
        activity.error(f"{path}: {failure.value.value}")
    else:
        activity.info(line)
        activity.job_completed()


def check(path):
    """Reads it to its end and says how fast that went; the interface's error where it doesn't come to its end."""
    begun, first, size = monotonic(), None, 0
    with fetch.open(path, None) as reading, reading.body() as body:
        try:
            while True:
                size += len(body.blocking_read(PIECE))
                first = first or monotonic()
        except Err as ended:
            if not isinstance(ended.value, StreamError_Closed):
                raise Err(reading.failure()) from None
    now = monotonic()
    rate, first = size / (now - begun) / 1e6, ((first or now) - begun) * 1000
    return f"{path}: {size} bytes at {rate:.1f} MB/s, the first after {first:.0f} ms"
