#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The test servers: DNS, HTTP/1.1, TLS, HTTP/2, TCP and UDP, on this machine's loopback addresses only.

As a library, each server is started when it is made, on a port of the system's choice on both 127.0.0.1 and ::1:

    from servers import DnsServer, HttpServer, TcpEcho
    with HttpServer() as http, DnsServer({"good.test": {"A": ["127.0.0.1"]}}) as dns:
        print(http.port, dns.port)

As a program, it starts those that are named (default: all), prints one line of JSON with their ports, and ends when its
standard input does:

    servers.py [--dns-script FILE.json] [NAME…]
    servers.py --self-test

What an HTTP path does is told in http_server.py (or by --paths) and for HTTP/2 in h2_server.mjs, how a DNS script is
written in dns_server.py (or by --dns-keys), which certificates there are in tls_servers.py.
"""

import argparse
import json
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import dns_server
import http_server
from dns_server import DnsServer
from http_server import BROKEN, HttpServer
from listening import LOOPBACK, TcpServer
from socket_servers import TcpEcho, TcpFull, TcpReset, TcpSilent, TcpSink, TcpSlow, TcpSource, UdpEcho, UdpSink
from tls_servers import Authority, Http2Server, TlsServers

__all__ = ["Authority", "BROKEN", "DnsServer", "Http2Server", "HttpServer", "LOOPBACK", "TcpEcho", "TcpFull",
           "TcpReset", "TcpServer", "TcpSilent", "TcpSink", "TcpSlow", "TcpSource", "TlsServers", "UdpEcho",
           "UdpSink"]  # fmt: skip

# By their names on the command line.
SERVERS = {
    "dns": DnsServer,
    "http": HttpServer,
    "tls": TlsServers,
    "h2": Http2Server,
    "tcp-echo": TcpEcho,
    "tcp-sink": TcpSink,
    "tcp-source": TcpSource,
    "tcp-silent": TcpSilent,
    "tcp-reset": TcpReset,
    "tcp-slow": TcpSlow,
    "tcp-full": TcpFull,
    "udp-echo": UdpEcho,
    "udp-sink": UdpSink,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--self-test", action="store_true", help="start all, ask each what it promises, and end")
    parser.add_argument("--paths", action="store_true", help="print what the paths of the HTTP server do")
    parser.add_argument("--dns-keys", action="store_true", help="print how a script of the DNS server is written")
    parser.add_argument("--dns-script", metavar="FILE", type=Path, help="the DNS server's answers, as JSON")
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"which to start: {', '.join(SERVERS)}")
    options = parser.parse_args()

    if options.paths or options.dns_keys:
        print((http_server if options.paths else dns_server).__doc__)
        return 0
    if options.self_test:
        import servers_test

        return servers_test.main()
    unknown = [name for name in options.names if name not in SERVERS]
    if unknown:
        parser.error(f"no server is called {unknown[0]}; the servers are: {', '.join(SERVERS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was made is removed
    with ExitStack() as stack:
        started = {}
        for name in options.names or SERVERS:
            script = json.loads(options.dns_script.read_text()) if options.dns_script and name == "dns" else None
            started[name] = stack.enter_context(SERVERS[name](script) if script else SERVERS[name]())
        print(json.dumps({name: server.describe() for name, server in started.items()}), flush=True)
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
