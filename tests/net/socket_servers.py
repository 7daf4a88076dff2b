# SPDX-License-Identifier: Apache-2.0
"""Plain TCP and UDP servers: each does one thing with whatever connects."""

import socket
import threading

from listening import BUFFER_BYTES, LOOPBACK, TcpServer, bound, reset


class TcpEcho(TcpServer):
    """Sends back what it gets, until the peer ends its side."""

    def serve(self, connection):
        buffer = memoryview(bytearray(BUFFER_BYTES))
        while count := connection.recv_into(buffer):
            connection.sendall(buffer[:count])


class TcpSink(TcpServer):
    """Takes everything; when the peer ends its side it answers with the count of bytes, as one line."""

    def __init__(self, *arguments, **named):
        self.taken = 0  # by all connections that ended
        super().__init__(*arguments, **named)

    def serve(self, connection):
        buffer = bytearray(BUFFER_BYTES)
        taken = 0
        while count := connection.recv_into(buffer):
            taken += count
        with self.lock:
            self.taken += taken
        connection.sendall(b"%d\n" % taken)


class TcpSource(TcpServer):
    """Reads one line with a count of bytes, sends as many zeroes, and closes. The line `endless` never ends."""

    def serve(self, connection):
        line = read_line(connection)
        left = float("inf") if line == b"endless" else int(line)
        zeroes = memoryview(bytes(BUFFER_BYTES))
        while left > 0:
            count = int(min(left, len(zeroes)))
            connection.sendall(zeroes[:count])
            left -= count


class TcpSilent(TcpServer):
    """Accepts, reads nothing and says nothing."""

    def serve(self, connection):
        self.closing.wait()


class TcpReset(TcpServer):
    """Resets each connection: at once, or with `after_bytes` once so many have come."""

    def __init__(self, *arguments, after_bytes=0, **named):
        self.after_bytes = after_bytes
        super().__init__(*arguments, **named)

    def serve(self, connection):
        left = self.after_bytes
        while left > 0 and (got := connection.recv(left)):
            left -= len(got)
        reset(connection)


class TcpSlow(TcpServer):
    """Sends one byte every `seconds`, for ever."""

    def __init__(self, *arguments, seconds=0.1, **named):
        self.seconds = seconds
        super().__init__(*arguments, **named)

    def serve(self, connection):
        while not self.closing.wait(self.seconds):
            connection.sendall(b".")


class TcpFull:
    """A port whose queue of connections is full: a connect to it neither succeeds nor fails, it waits."""

    def __init__(self, address="127.0.0.1"):
        (self.listener,) = bound(socket.SOCK_STREAM, (address,))
        self.listener.listen(0)
        self.address, self.port = self.listener.getsockname()[:2]
        self.fillers = []
        for _ in range(8):
            filler = socket.socket(self.listener.family, socket.SOCK_STREAM)
            filler.setblocking(False)
            filler.connect_ex((self.address, self.port))
            self.fillers.append(filler)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for filler in [*self.fillers, self.listener]:
            filler.close()

    def describe(self):
        return {"port": self.port, "address": self.address}


class UdpServer:
    """Calls `serve(datagram, sender, socket)` for each datagram; `received` counts them, `senders` says from where."""

    def __init__(self, addresses=LOOPBACK, port=0):
        self.received = 0
        self.bytes = 0
        self.senders = set()
        self.lock = threading.Lock()
        self.sockets = bound(socket.SOCK_DGRAM, addresses, port)
        self.port = self.sockets[0].getsockname()[1]
        for own in self.sockets:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            threading.Thread(target=self.receive_all, args=(own,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for own in self.sockets:
            try:
                own.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # not connected: the receiver wakes up all the same
            own.close()

    def describe(self):
        return {"port": self.port}

    def receive_all(self, own):
        while True:
            try:
                datagram, sender = own.recvfrom(65536)
            except OSError:
                return
            if not sender:
                return  # shut down
            with self.lock:
                self.received += 1
                self.bytes += len(datagram)
                if len(self.senders) < 10000:
                    self.senders.add(sender[:2])
            try:
                self.serve(datagram, sender, own)
            except OSError:
                if own.fileno() < 0:
                    return

    def serve(self, datagram, sender, own):
        raise NotImplementedError


class UdpEcho(UdpServer):
    def serve(self, datagram, sender, own):
        own.sendto(datagram, sender)


class UdpSink(UdpServer):
    def serve(self, datagram, sender, own):
        pass


def read_line(connection, limit=65536):
    """One line without its end, or what came until the peer ended its side."""
    line = b""
    while not line.endswith(b"\n") and len(line) < limit:
        byte = connection.recv(1)
        if not byte:
            break
        line += byte
    return line.rstrip(b"\r\n")
