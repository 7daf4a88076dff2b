# SPDX-License-Identifier: Apache-2.0
"""Frames of HTTP/2 as no decent client would send them: written by hand, so that nothing corrects them."""

import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 2, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS = 1, 4


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">IBI", len(payload) << 8 | kind, flags, stream) + payload


def begin():
    return PREFACE + frame(SETTINGS, 0, 0)


def text(value):
    """A string of HPACK, as it is."""
    return number(len(value), 7) + value


def number(value, bits):
    most = (1 << bits) - 1
    if value < most:
        return bytes([value])
    out, value = bytes([most]), value - most
    while value >= 128:
        out, value = out + bytes([value % 128 | 128]), value // 128
    return out + bytes([value])


def head(path="/", method="GET"):
    """A request's fields, none of which is kept in the table."""
    fields = ((":method", method), (":scheme", "http"), (":authority", "localhost"), (":path", path))
    return b"".join(field(name, value) for name, value in fields)


def field(name, value):
    return b"\x00" + text(name.encode()) + text(value.encode())


def request(stream, path="/", method="GET", flags=END_HEADERS | END_STREAM):
    return frame(HEADERS, flags, stream, head(path, method))
