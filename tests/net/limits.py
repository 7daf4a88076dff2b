# SPDX-License-Identifier: Apache-2.0
"""Cases of `run.py`: how many connections a module has and opens, and how many bytes a day it may move."""

import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from checks import equal, expect
from servers import TcpSink, TcpSource

MIB = 1 << 20
SOCKETS = ["socket.out tcp://127.0.0.1:*", "socket.in tcp://127.0.0.1:0", "http.out http://127.0.0.1:*/*"]


def limited(name, value):
    return ["--limit", f"{name}={value}"]


def row(run, name):
    """A limit's line of the report."""
    (found,) = [row for row in run.report["limits"] if row["name"] == name]
    return found


def over(bench):
    return "0.3" if bench.guest.stem.endswith("-p3") else "0.2"


# Connections.


def open_connections_are_held(bench):
    command = f"hoard 127.0.0.1:{bench.echo.port} 5"
    run = bench.run(SOCKETS, command, options=limited("network.connections", 3))
    expect(run[command].endswith("after 3"), f"three connections, not {run[command]}")
    expect({"0.2": "new-socket-limit", "0.3": "network.connections"}[over(bench)] in run[command], run[command])
    used = row(run, "network.connections")
    equal((used["limit"], used["used"], used["peak"], used["refused"]), (3, 0, 3, 1))


def a_connection_that_is_closed_makes_room(bench):
    command = f"again 127.0.0.1:{bench.echo.port} 20"
    run = bench.run(SOCKETS, command, options=limited("network.connections", 1))
    equal(run[command], "ok 20")
    equal(row(run, "network.connections")["peak"], 1)


def sockets_for_datagrams_and_listeners_count(bench):
    run = bench.run(SOCKETS, "hoard-udp 4", "listen 127.0.0.1:0", options=limited("network.connections", 3))
    expect(run["hoard-udp 4"].endswith("after 3"), run["hoard-udp 4"])
    equal(run["listen 127.0.0.1:0"], "listens")
    equal(row(run, "network.connections")["peak"], 3)


def a_stream_that_outlives_its_socket_holds_the_connection(bench):
    if over(bench) == "0.2":
        return  # there a socket can't go before its streams
    command = f"hoard-streams 127.0.0.1:{bench.echo.port} 5"
    run = bench.run(SOCKETS, command, options=limited("network.connections", 3))
    expect(run[command].endswith("after 3"), run[command])


def connections_of_http_count(bench):
    command = f"many {bench.web('127.0.0.1', '/slow-first/1')} 5"
    run = bench.run(SOCKETS, command, options=[*limited("network.connections", 2), "--wall", "20s"])
    expect("ConnectionLimitReached" in run[command], run[command])
    equal(row(run, "network.connections")["peak"], 2)


def an_idle_connection_of_http_makes_room(bench):
    fetch = f"get {bench.web('127.0.0.1', '/bytes/10')}"
    connect = f"tcp 127.0.0.1:{bench.echo.port} hello"
    run = bench.run(SOCKETS, fetch, connect, options=limited("network.connections", 1))
    expect(run[fetch].startswith("200 10"), run[fetch])
    equal(run[connect], "hello")
    used = row(run, "network.connections")
    equal((used["peak"], used.get("refused", 0)), (1, 0))


def greeting(port, seconds):
    """What a connection is greeted with, or nothing in so many seconds; and the connection, to keep it open."""
    client = socket.create_connection(("127.0.0.1", port))
    client.settimeout(seconds)
    try:
        return client.recv(100), client
    except TimeoutError:
        return b"", client


def what_comes_in_waits_for_room(bench):
    process = bench.start(SOCKETS, "serve 127.0.0.1:0 3", options=[*limited("network.connections", 3), "--wall", "3s"])
    port = int(process.stdout.readline().split()[1])
    with ThreadPoolExecutor(3) as pool:
        greeted = [said for said, _ in pool.map(lambda _: greeting(port, 2), range(3))]
    _, err = process.communicate(timeout=60)
    equal(sorted(greeted), [b"", b"hello", b"hello"])
    expect('"ending":"limited"' in err.replace(" ", ""), err)
    cpu = int(err.split('"cpu_used_ns":')[1].split(",")[0])
    expect(cpu < 1e9, f"it waits without using the CPU, and used {cpu / 1e9} s of it")


def what_comes_in_gets_the_room_that_another_left(bench):
    process = bench.start(SOCKETS, "serve-one 127.0.0.1:0 4", options=limited("network.connections", 2))
    port = int(process.stdout.readline().split()[1])
    kept = [greeting(port, 10) for _ in range(4)]
    out, err = process.communicate(timeout=60)
    equal([said for said, _ in kept], [b"hello"] * 4)
    expect("greeted 4" in out, out + err)


# Connections a minute.


def connections_a_minute_are_held(bench):
    command = f"again 127.0.0.1:{bench.echo.port} 10"
    run = bench.run(SOCKETS, command, options=limited("network.connection-rate", "5/min"))
    expect(run[command].endswith("after 5"), run[command])
    expect(run[command].lower().replace("-", "").find("connectionrefused") >= 0, run[command])
    used = row(run, "network.connection-rate")
    equal((used["limit"], used["used"], used["refused"]), (5, 5, 1))


def connections_of_http_a_minute_are_held(bench):
    command = f"many {bench.web('127.0.0.1', '/bytes/10')} 6"
    run = bench.run(SOCKETS, command, options=limited("network.connection-rate", "2/min"))
    expect("ConnectionLimitReached" in run[command], run[command])
    equal(row(run, "network.connection-rate")["used"], 2)


def what_comes_in_waits_for_the_next_minute(bench):
    options = [*limited("network.connection-rate", "2/min"), "--wall", "3s"]
    process = bench.start(SOCKETS, "serve 127.0.0.1:0 3", options=options)
    port = int(process.stdout.readline().split()[1])
    with ThreadPoolExecutor(3) as pool:
        greeted = [said for said, _ in pool.map(lambda _: greeting(port, 2), range(3))]
    process.communicate(timeout=60)
    equal(sorted(greeted), [b"", b"hello", b"hello"])


# Bytes a day.


class Day:
    """A state folder of its own, with runs of one module in it."""

    def __init__(self, bench, daily):
        self.bench, self.daily = bench, daily
        self.state = bench.stack.enter_context(TemporaryDirectory(prefix="berth-day-"))
        stem = {"0.2": "transfer-p2.wasm", "0.3": "transfer-p3.wasm"}[over(bench)]
        self.guest = bench.guest.with_name(stem)

    def command(self, *words, options=("--json",)):
        grants = [part for grant in SOCKETS for part in ("--grant", grant)]
        words = [str(word) for word in words]
        return [str(self.bench.berth), "run", *options, *limited("network.daily", f"{self.daily}B"), *grants, str(self.guest), *words]

    def environment(self):
        return self.bench.environment(BERTH_STATE=self.state)

    def run(self, *words, options=("--json",)):
        return subprocess.run(self.command(*words, options=options), env=self.environment(), capture_output=True, text=True, timeout=60)

    def file(self):
        (file,) = (Path(self.state) / "network-daily").iterdir()
        return file


def settled(server):
    """What a sink has taken, once nothing more comes."""
    taken = -1
    while taken != server.taken:
        taken = server.taken
        time.sleep(0.2)
    return taken


def bytes_a_day_are_held_and_counted_over_runs(bench):
    day, sink = Day(bench, MIB), bench.stack.enter_context(TcpSink())
    target = f"127.0.0.1:{sink.port}"
    equal(day.run("tcp-send", target, 600_000).returncode, 0)
    over_it = day.run("tcp-send", target, 600_000)
    expect(over_it.returncode == 1, f"the day ends the second transfer: {over_it.stderr}")
    expect(MIB * 0.9 < settled(sink) <= MIB, f"{sink.taken} bytes arrived")
    said = day.run("tcp-send", target, 1, options=()).stderr
    expect("limit: network.daily: " in said and "resets at" in said and "--limit network.daily=2MiB" in said, said)
    equal(said.count("limit: network.daily"), 1)
    # The other way has its own.
    source = bench.stack.enter_context(TcpSource())
    again = Day(bench, MIB)
    equal(again.run("tcp-receive", f"127.0.0.1:{source.port}", 600_000).returncode, 0)
    cut = again.run("tcp-receive", f"127.0.0.1:{source.port}", 600_000)
    expect(cut.returncode == 1, cut.stderr)


def bytes_a_day_hold_for_http(bench):
    day = Day(bench, MIB)
    url = bench.web("127.0.0.1")
    equal(day.run("http-get", f"{url}bytes/600000").returncode, 0)
    cut = day.run("http-get", f"{url}bytes/600000")
    expect(cut.returncode == 1, cut.stderr)
    equal(Day(bench, 100_000).run("http-put", f"{url}sink", 50_000).returncode, 0)
    put = Day(bench, 100_000)
    cut = put.run("http-put", f"{url}sink", 200_000)
    expect(cut.returncode == 1, cut.stderr)
    refused = put.run("http-get", f"{url}bytes/1")
    expect("HttpRequestDenied" in refused.stderr, refused.stderr)


def datagrams_count_for_the_day(bench):
    command = f"flood 127.0.0.1:{bench.udp.port} 20"
    with TemporaryDirectory(prefix="berth-day-") as state:
        grants = [f"socket.out udp://127.0.0.1:{bench.udp.port}"]
        run = bench.run(grants, command, options=limited("network.daily", f"{10 * (1024 + 28)}B"), BERTH_STATE=state)
    expect(run[command].endswith("after 10"), run[command])
    expect("denied" in run[command].lower(), run[command])


def a_killed_run_gives_no_bytes_back(bench):
    day, sink = Day(bench, MIB), bench.stack.enter_context(TcpSink())
    target = f"127.0.0.1:{sink.port}"
    slow = day.command("tcp-send", target, MIB, options=("--json", *limited("network.rate", "200kB/s")))
    for _ in range(3):
        process = subprocess.Popen(slow, env=day.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(1)
        process.kill()
        process.wait()
    before = settled(sink)
    expect(before > 0, "something was sent before the kill")
    day.run("tcp-send", target, 2 * MIB)
    expect(before < settled(sink) <= MIB, f"{sink.taken} bytes arrived, {before} before")


def processes_at_once_share_the_day(bench):
    day, sink = Day(bench, MIB), bench.stack.enter_context(TcpSink())
    with ThreadPoolExecutor(3) as pool:
        runs = list(pool.map(lambda _: day.run("tcp-send", f"127.0.0.1:{sink.port}", MIB), range(3)))
    expect(any(run.returncode == 1 for run in runs), "not all may send a day's bytes")
    expect(MIB * 0.9 < settled(sink) <= MIB, f"{sink.taken} bytes arrived")


def a_damaged_count_is_a_day_that_is_used_up(bench):
    day, sink = Day(bench, MIB), bench.stack.enter_context(TcpSink())
    target = f"127.0.0.1:{sink.port}"
    equal(day.run("tcp-send", target, 1000).returncode, 0)
    with day.file().open("r+b") as file:
        file.seek(16)
        file.write(b"torn")
    expect(day.run("tcp-send", target, 1000).returncode == 1, "nothing is left of a day that can't be read")
    expect("was damaged" in day.run("tcp-send", target, 1, options=()).stderr, "it is said")
    equal(settled(sink), 1000)


def the_day_is_in_the_report(bench):
    day, sink = Day(bench, MIB), bench.stack.enter_context(TcpSink())
    said = day.run("tcp-send", f"127.0.0.1:{sink.port}", 1_000_000, options=("--report",)).stderr
    expect("near its limit: network.daily sent" in said, said)
    expect("network.daily received" in said, said)


OVER_0_3 = [
    open_connections_are_held,
    a_connection_that_is_closed_makes_room,
    sockets_for_datagrams_and_listeners_count,
    a_stream_that_outlives_its_socket_holds_the_connection,
    connections_of_http_count,
    an_idle_connection_of_http_makes_room,
    what_comes_in_waits_for_room,
    what_comes_in_gets_the_room_that_another_left,
    connections_a_minute_are_held,
    connections_of_http_a_minute_are_held,
    what_comes_in_waits_for_the_next_minute,
    bytes_a_day_are_held_and_counted_over_runs,
    bytes_a_day_hold_for_http,
    datagrams_count_for_the_day,
    a_killed_run_gives_no_bytes_back,
]
