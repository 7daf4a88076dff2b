# SPDX-License-Identifier: Apache-2.0
"""What the test servers share: a port of the system's choice on both loopback addresses, one thread a connection."""

import errno
import socket
import struct
import threading
from contextlib import suppress

LOOPBACK = ("127.0.0.1", "::1")
STACK_BYTES = 256 << 10  # a thousand connections at once fit into 256 MiB of address space
BUFFER_BYTES = 256 << 10
TRIES = 50

threading.stack_size(STACK_BYTES)


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def bound(kind, addresses, port=0):
    """Sockets of the kind, one an address, all with the same port."""
    for _ in range(TRIES):
        sockets = []
        try:
            chosen = port
            for address in addresses:
                made = socket.socket(family_of(address), kind)
                sockets.append(made)
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if made.family == socket.AF_INET6:
                    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                made.bind((address, chosen))
                chosen = made.getsockname()[1]
            return sockets
        except OSError as error:
            for made in sockets:
                made.close()
            if port or error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, f"no port is free on all of {', '.join(addresses)}")


def reset(connection):
    """Closes a connection so that its peer sees a reset."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class TcpServer:
    """Accepts on every address and calls `serve(connection)` on a thread of the connection's own.

    `accepted` counts connections since the start, `most_at_once` the most that were open at one time. A server is
    started when it is made, and closed with `close()` or at the end of a `with`: whatever is open then is shut.
    """

    backlog = 4096

    def __init__(self, addresses=LOOPBACK, port=0):
        self.addresses = tuple(addresses)
        self.lock = threading.Lock()
        self.open = set()
        self.accepted = 0
        self.most_at_once = 0
        self.closing = threading.Event()
        self.sockets = bound(socket.SOCK_STREAM, self.addresses, port)
        self.port = self.sockets[0].getsockname()[1]
        for listener in self.sockets:
            listener.listen(self.backlog)
            threading.Thread(target=self.accept_all, args=(listener,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.closing.set()
        for listener in self.sockets:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self.lock:
            left = list(self.open)
        for connection in left:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def describe(self):
        """What the command line prints of this server."""
        return {"port": self.port}

    def accept_all(self, listener):
        while not self.closing.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                self.accepted += 1
                self.open.add(connection)
                self.most_at_once = max(self.most_at_once, len(self.open))
            threading.Thread(target=self.handle, args=(connection,), daemon=True).start()

    def handle(self, connection):
        plain = connection
        try:
            with suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection = self.dress(connection)
                with self.lock:
                    self.open.discard(plain)
                    self.open.add(connection)
                self.serve(connection)
        finally:
            with self.lock:
                self.open -= {plain, connection}
            connection.close()

    def dress(self, connection):
        """What `serve` gets in the connection's place: TLS over it, perhaps."""
        return connection

    def serve(self, connection):
        raise NotImplementedError
