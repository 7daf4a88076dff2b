# SPDX-License-Identifier: Apache-2.0
"""Knocks on three doors, as far as it is told to: reads a file, fetches a URL, talks over a socket.

`tour [--file PATH] [--url URL] [--tcp HOST:PORT]` prints one line a step, `STEP: …`, or `STEP: error CODE` with WASI's
name of the error. The status is 1 if any step failed. The file is opened by Python's own library, the other two by
WASI's interfaces of 0.2.
"""

import errno
import re

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import environment, instance_network, ip_name_lookup, outgoing_handler, tcp_create_socket
from wit_world.imports import wasi_http_types as http
from wit_world.imports.network import (ErrorCode, IpAddress_Ipv4, IpAddressFamily, IpSocketAddress_Ipv4,
                                       IpSocketAddress_Ipv6, Ipv4SocketAddress, Ipv6SocketAddress)  # fmt: skip
from wit_world.imports.streams import StreamError_Closed

READ_BYTES = 64 << 10
# The library gives the C library's number; these are the names that 0.2 has for what a door answers.
FILE_ERRORS = {errno.EACCES: "access", errno.EISDIR: "is-directory", errno.ENOENT: "no-entry",
               errno.EPERM: "not-permitted"}  # fmt: skip


class Run(exports.Run):
    def run(self):
        arguments = environment.get_arguments()[1:]
        steps = {"--file": read_file, "--url": fetch, "--tcp": ask}
        failed = len(arguments) % 2 == 1
        for step, target in zip(arguments[::2], arguments[1::2]):
            try:
                words = steps[step](target)
            except Err as error:
                failed, words = True, f"error {wit_name(error.value)}"
            except OSError as error:
                failed, words = True, f"error {FILE_ERRORS.get(error.errno, error)}"
            print(f"{step.lstrip('-')}: {words}", flush=True)
        if failed:
            raise Err(None)


def wit_name(error):
    """`ErrorCode.ACCESS_DENIED` and `ErrorCode_HttpRequestDenied()`, as WIT spells them in lower case."""
    if isinstance(error, ErrorCode):
        return error.name.lower().replace("_", "-")
    return re.sub(r"(?<!^)(?=[A-Z])", "-", type(error).__name__.split("_")[-1]).lower()


def read_file(path):
    with open(path, "rb") as file:
        return f"{len(file.read())} bytes"


def fetch(url):
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    request = http.OutgoingRequest(http.Fields())
    request.set_scheme({"http": http.Scheme_Http(), "https": http.Scheme_Https()}.get(scheme, http.Scheme_Other(scheme)))
    request.set_authority(authority)
    request.set_path_with_query(f"/{path}")
    body = request.body()
    future = outgoing_handler.handle(request, None)
    http.OutgoingBody.finish(body, None)
    future.subscribe().block()
    answer = future.get().value  # of the future, then of the request
    if isinstance(answer, Err):
        raise answer
    response = answer.value
    return f"{response.status()}, {body_length(response)} bytes"


def body_length(response):
    with response.consume() as body, body.stream() as stream:
        length = 0
        while True:
            try:
                length += len(stream.blocking_read(READ_BYTES))
            except Err as error:
                if isinstance(error.value, StreamError_Closed):
                    return length
                code = http.http_error_code(error.value.value)
                raise Err(code) if code else error


def ask(target):
    host, _, port = target.rpartition(":")
    network = instance_network.instance_network()
    failure = Err(ErrorCode.NAME_UNRESOLVABLE)
    for address in resolve(network, host.strip("[]")):
        try:
            socket, reading, writing = connect(network, address, int(port))
        except Err as error:
            failure = error
            continue
        with socket, reading, writing:  # streams are a socket's children: they go first
            return talk(reading, writing)
    raise failure


def once_ready(source, step):
    """What a step of the source returns once it no longer says that it would block."""
    while True:
        try:
            return step()
        except Err as error:
            if error.value != ErrorCode.WOULD_BLOCK:
                raise
            source.subscribe().block()


def resolve(network, host):
    with ip_name_lookup.resolve_addresses(network, host) as stream:
        while address := once_ready(stream, stream.resolve_next_address):
            yield address


def connect(network, address, port):
    if isinstance(address, IpAddress_Ipv4):
        family, remote = IpAddressFamily.IPV4, IpSocketAddress_Ipv4(Ipv4SocketAddress(port, address.value))
    else:
        family, remote = IpAddressFamily.IPV6, IpSocketAddress_Ipv6(Ipv6SocketAddress(port, 0, address.value, 0))
    socket = tcp_create_socket.create_tcp_socket(family)
    socket.start_connect(network, remote)
    reading, writing = once_ready(socket, socket.finish_connect)
    return socket, reading, writing


def talk(reading, writing):
    writing.blocking_write_and_flush(b"ping\n")
    line = b""
    while not line.endswith(b"\n"):
        try:
            line += reading.blocking_read(1)
        except Err as error:
            if isinstance(error.value, StreamError_Closed):
                break
            raise
    return line.decode(errors="replace").rstrip()
