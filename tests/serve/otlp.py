#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Looks at what berth serve tells a collector of OpenTelemetry: its traces, metrics and logs.

As run.py: each case is one function and has a server of its own, with the guest `web`, and most of them a real collector,
which writes down what it received (collector/main.go).
"""

import re
import signal
import socket
import subprocess
import sys
import time

import certificates
import inside
import seen
from collector import Bad, Collector
from run import Cases, check, main
from seen import until

cases = Cases()
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"


def parent(flags="01"):
    return "-H", f"traceparent: 00-{TRACE}-{CALLER}-{flags}"


def serve(machine, url, *options, base=True, **variables):
    """A server that tells whoever is at `url`, and waits for nothing before it does."""
    quick = {"OTEL_BSP_SCHEDULE_DELAY": "50", "OTEL_BLRP_SCHEDULE_DELAY": "50", "OTEL_METRIC_EXPORT_INTERVAL": "200"}
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": url} if base else {}
    machine.environment = {**machine.environment, **endpoint, **quick, **variables}
    return seen.Seen(machine, *options, module=machine.module)


def stop(server, within=20):
    """Ends it, and says how long that took."""
    begin = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    check(server.process.wait(within) == 0, f"it ends with {server.process.returncode}: {server.said()}")
    return time.monotonic() - begin


def some(what, count):
    """So many of them, and no more."""
    until(lambda: len(what()) >= count, lambda: f"{count} don't come: {what()}")
    got = what()
    check(len(got) == count, f"{len(got)} came instead of {count}: {got}")
    return got


def refused(machine, **variables):
    """What it says when it doesn't start."""
    done = subprocess.run([machine.berth, "serve", "--addr", "127.0.0.1:0", str(machine.guests / "web.wasm")],
                          env={**machine.environment, **variables}, capture_output=True, text=True, timeout=60)  # fmt: skip
    return done.returncode, done.stderr


@cases.case
def a_request_is_a_span(machine):
    with Collector(machine.root) as collector, serve(machine, collector.url, OTEL_SERVICE_NAME="shop") as server:
        server.curl("/head?a=b", *parent())
        (span,) = some(collector.spans, 1)
        check((span["traceId"], span["parentSpanId"]) == (TRACE, CALLER), f"{span}")
        check(span["name"] == "GET" and span["kind"] == 2 and "code" not in span.get("status", {}), f"{span}")
        took = (int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])) / 1e9
        check(0 < took < 10 and abs(int(span["startTimeUnixNano"]) / 1e9 - time.time()) < 60, f"{span}")
        got = span["attributes"]
        check(re.fullmatch(r"sha256:[0-9a-f]{64}", got.pop("berth.module.digest")), f"{got}")
        check(got.pop("client.port") > 0 and got.pop("berth.cpu_ns") > 0, f"{got}")
        size = got.pop("http.response.body.size")
        check(got == {"http.request.method": "GET", "url.path": "/head", "url.query": "a=b", "url.scheme": "http",
                      "server.address": "127.0.0.1", "client.address": "127.0.0.1", "http.response.status_code": 200,
                      "http.request.body.size": 0, "berth.module": "web.wasm", "berth.ending": "exited"} and size > 20,
              f"{got}")  # fmt: skip
        who = span["resource"]
        check(who["service.name"] == "shop" and who["process.pid"] == str(server.process.pid), f"{who}")
        check(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", who["service.instance.id"]), f"{who}")


@cases.case
def what_goes_wrong_is_an_error_of_the_span(machine):
    with Collector(machine.root) as collector:
        with serve(machine, collector.url, "--cpu-time", "300ms", "--route", "/v1=" + str(machine.guests / "web.wasm")) as server:
            for path in ("/trap", "/spin", "/nothing", "/v1/x"):
                server.curl(path)
            client = server.ask("/sleep?50000")
            time.sleep(0.5)
            client.close()
            spans = {span["attributes"]["url.path"]: span for span in some(collector.spans, 5)}
            for path, status, kind, failed in (
                ("/trap", 502, "trapped", True),
                ("/spin", 504, "limit.cpu-time", True),
                ("/nothing", 404, None, False),
                ("/sleep", None, "client_gone", False),
            ):
                span = spans[path]
                got = span["attributes"]
                check((got.get("http.response.status_code"), got.get("error.type")) == (status, kind), f"{span}")
                check((span.get("status", {}).get("code") == 2) == failed, f"{span}")
            check("unreachable" in spans["/trap"]["status"]["message"], f"{spans['/trap']}")
            check(spans["/v1/x"]["name"] == "GET /v1", f"{spans['/v1/x']}")
            check(spans["/v1/x"]["attributes"]["http.route"] == "/v1", f"{spans['/v1/x']}")


def given(head):
    """Of the guest's headers, those of a trace."""
    return dict(line.split(": ", 1) for line in head.decode().splitlines() if line.startswith("trace"))


@cases.both
def the_guest_gets_its_own_place_in_the_trace(machine):
    with Collector(machine.root) as collector, serve(machine, collector.url) as server:
        _, first = server.curl("/head", *parent(), "-H", "tracestate: rojo=1")
        _, second = server.curl("/head", "-H", "traceparent: nonsense", "-H", "tracestate: rojo=1")
        _, third = server.curl("/head", "--http2-prior-knowledge")
        spans = some(collector.spans, 3)
        for headers, span in zip(map(given, (first, second, third)), spans):
            check(headers["traceparent"] == f"00-{span['traceId']}-{span['spanId']}-01", f"{headers} {span}")
        check(given(first)["tracestate"] == "rojo=1" and "tracestate" not in given(second), f"{first} {second}")
        check(len({span["traceId"] for span in spans}) == 3, f"{spans}")
        check(not spans[1].get("parentSpanId") and not spans[2].get("parentSpanId"), f"{spans}")


@cases.case
def with_nothing_exported_headers_come_as_they_are(machine):
    with Collector(machine.root) as collector:
        with serve(machine, collector.url, OTEL_TRACES_EXPORTER="none") as server:
            _, head = server.curl("/head", *parent("00"), "-H", "tracestate: rojo=1")
            check(given(head) == {"traceparent": f"00-{TRACE}-{CALLER}-00", "tracestate": "rojo=1"}, f"{head}")
            check(given(server.curl("/head")[1]) == {}, "one was made")
            with_trace, without = some(collector.logs, 2)
            check(with_trace["traceId"] == TRACE and not with_trace.get("spanId"), f"{with_trace}")
            check(not without.get("traceId"), f"{without}")
        check(collector.requests("traces") == [], "traces came")
    with serve(machine, collector.url, OTEL_SDK_DISABLED="true") as server:
        check(given(server.curl("/head")[1]) == {}, "one was made")
        check(stop(server) < 3 and "reach" not in server.said(), server.said())


@cases.case
def who_asks_says_whether_its_trace_is_told(machine):
    with Collector(machine.root) as collector, serve(machine, collector.url) as server:
        _, head = server.curl("/head?no", *parent("00"))
        server.curl("/head?yes", *parent("01"))
        (span,) = some(collector.spans, 1)
        check(span["attributes"]["url.query"] == "yes", f"{span}")
        check(given(head)["traceparent"].startswith(f"00-{TRACE}-") and given(head)["traceparent"].endswith("-00"), f"{head}")
        check(len(some(collector.logs, 2)) == 2, "logs are told of both")
    with Collector(machine.root) as collector:
        with serve(machine, collector.url, OTEL_TRACES_SAMPLER="always_off") as server:
            server.curl("/", *parent("01"))
            some(collector.logs, 1)
            stop(server)
        check(collector.spans() == [], f"{collector.spans()}")


@cases.both
def a_call_inside_is_a_span_below_the_one_that_makes_it(machine):
    with Collector(machine.root) as collector:
        machine.environment |= {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "50"}
        with inside.serve(machine) as server:
            check(server.curl("/ask?" + inside.BACK + "/", *parent())[0] == 200, "the answer")
            spans = {span["attributes"]["berth.module"]: span for span in some(collector.spans, 2)}
            front, back = spans["front.wasm"], spans["back.wasm"]
            check(front["parentSpanId"] == CALLER and back["parentSpanId"] == front["spanId"], f"{front} {back}")
            check(front["traceId"] == back["traceId"] == TRACE, f"{front} {back}")
            check(back["attributes"]["berth.caller"] == "front.wasm", f"{back}")
            check("client.address" not in back["attributes"], f"{back}")


@cases.case
def logs_have_the_ids_of_their_spans(machine):
    with Collector(machine.root) as collector, serve(machine, collector.url) as server:
        server.curl("/", *parent())
        server.curl("/trap")
        spans, logs, entries = some(collector.spans, 2), some(collector.logs, 2), server.entries(2)
        for span, log, entry in zip(spans, logs, entries):
            check((log["traceId"], log["spanId"]) == (span["traceId"], span["spanId"]), f"{span} {log}")
            check((entry["trace_id"], entry["span_id"]) == (span["traceId"], span["spanId"]), f"{span} {entry}")
            check(log["eventName"] == "berth.request" and log["flags"] == 1, f"{log}")
        fine, trap = logs
        check((fine["severityNumber"], trap["severityNumber"]) == (9, 17), f"{logs}")
        check(fine["body"]["stringValue"] == "GET 127.0.0.1/ 200", f"{fine}")
        check(trap["attributes"]["error.type"] == "trapped" and "unreachable" in trap["attributes"]["berth.reason"], f"{trap}")
        check(fine["attributes"]["http.response.status_code"] == 200 and fine["attributes"]["berth.duration_ns"] > 0, f"{fine}")
    with Collector(machine.root) as collector:
        with serve(machine, collector.url, "--access-log", "off") as server:
            server.curl("/")
            some(collector.logs, 1)
            check(server.lines == [], f"{server.lines}")


@cases.case
def metrics_are_those_of_the_admin_address(machine):
    options = "--admin", "127.0.0.1:0", "--cpu-time", "300ms", "--memory", "64MiB"
    with Collector(machine.root) as collector, serve(machine, collector.url, *options) as server:
        for path in ("/", "/", "/nothing", "/trap", "/spin"):
            server.curl(path)
        server.curl("/echo", "--data-binary", "@-", data=b"x" * 5000)
        server.until_metric(3, "berth_http_requests_total", code="2xx")
        came = len(collector.requests("metrics"))
        until(lambda: len(collector.requests("metrics")) > came + 1, "no metrics come")
        prometheus, otlp = server.metrics(), collector.metrics()
        names = {"berth.module": "module", "berth.status_class": "code", "berth.limit": "limit", "berth.signal": "signal"}
        told = set()
        for metric in otlp.values():
            (kind,) = {"sum", "gauge", "histogram"} & set(metric)
            name = as_prometheus(metric, kind)
            if kind == "sum":
                check(metric["sum"]["aggregationTemporality"] == 2 and metric["sum"]["isMonotonic"], f"{metric}")
            for point in metric[kind]["dataPoints"]:
                labels = [(names[pair["key"]], pair["value"]["stringValue"]) for pair in point.get("attributes", [])]
                check(abs(int(point["timeUnixNano"]) / 1e9 - time.time()) < 60, f"{point}")
                if kind != "gauge":
                    check(int(point["startTimeUnixNano"]) < int(point["timeUnixNano"]), f"{point}")
                if kind == "histogram":
                    compare_histogram(prometheus, name, labels, point)
                else:
                    value = float(point.get("asDouble", point.get("asInt")))
                    there = prometheus[(name, *sorted(labels))]
                    # These go on while they are read.
                    moves = name.startswith("process_") or name in ("berth_connections", "berth_memory_bytes")
                    check(value == there or moves, f"{name} {labels}: {value}, and {there}")
                told.add(name)
        missing = {family_of(name) for name, *_ in prometheus} - told
        check(missing == {"berth_build_info", "process_start_time_seconds"}, f"{missing}")


# Those that another convention names.
RENAMED = {
    "http_server_request_duration_seconds": "berth_http_request_duration_seconds",
    "process_cpu_time_seconds_total": "process_cpu_seconds_total",
    "process_memory_usage_bytes": "process_resident_memory_bytes",
}


def as_prometheus(metric, kind):
    """As the specification has OTLP's names turned into Prometheus's."""
    unit = {"s": "_seconds", "By": "_bytes"}.get(metric.get("unit"), "")
    name = metric["name"].replace(".", "_") + unit + ("_total" if kind == "sum" else "")
    return RENAMED.get(name, name)


def family_of(name):
    return re.sub("_(bucket|sum|count)$", "", name) if "duration" in name else name


def compare_histogram(prometheus, name, labels, point):
    check(prometheus[(name + "_count", *labels)] == int(point["count"]) == 6, f"{point}")
    check(abs(prometheus[(name + "_sum", *labels)] - point["sum"]) < 1e-6, f"{point}")
    seconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    check(point["explicitBounds"] == seconds and len(point["bucketCounts"]) == len(seconds) + 1, f"{point}")
    all_below = 0
    for bound, count in zip([*seconds, "+Inf"], point["bucketCounts"]):
        all_below += int(count)
        le = "+Inf" if bound == "+Inf" else next(label for key in prometheus if key[0] == name + "_bucket"
                                                 for k, label in key[1:] if k == "le" and label != "+Inf" and float(label) == bound)  # fmt: skip
        check(prometheus[(name + "_bucket", *sorted([*labels, ("le", le)]))] == all_below, f"{bound}: {point}")


@cases.case
def headers_and_compression_are_the_owners(machine):
    with Collector(machine.root) as collector:
        with serve(machine, collector.url, OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20s3cr3t,x-team=blue",
                   OTEL_EXPORTER_OTLP_LOGS_HEADERS="x-team=green", OTEL_EXPORTER_OTLP_COMPRESSION="gzip") as server:  # fmt: skip
            server.curl("/")
            some(collector.spans, 1)
            some(collector.logs, 1)
            until(lambda: collector.metrics(), "no metrics come")
            (traces,), (logs,) = collector.requests("traces"), collector.requests("logs")
            check(traces["headers"]["authorization"] == ["Bearer s3cr3t"], f"{traces['headers']}")
            check(traces["headers"]["x-team"] == ["blue"] and logs["headers"]["x-team"] == ["green"], f"{logs['headers']}")
            check("authorization" not in logs["headers"], f"{logs['headers']}")
            check(re.fullmatch(r"berth/\d.*", traces["headers"]["user-agent"][0]), f"{traces['headers']}")
            stop(server)
            check("s3cr3t" not in server.said() + "".join(server.lines), server.said())
    with Bad(lambda number: (200,)) as bad, serve(machine, bad.url, OTEL_EXPORTER_OTLP_COMPRESSION="gzip") as server:
        server.curl("/")
        until(lambda: bad.bodies, "nothing comes")
        _, headers, body = bad.bodies[0]
        lower = {name.lower(): value for name, value in headers.items()}
        check(lower["content-encoding"] == "gzip" and body.startswith(b"\x1f\x8b"), f"{lower}")
        check(lower["content-type"] == "application/x-protobuf", f"{lower}")


@cases.case
def each_signal_may_have_its_own_place(machine):
    with Collector(machine.root) as collector:
        with serve(machine, None, base=False, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=collector.url + "/v1/traces") as server:
            server.curl("/")
            some(collector.spans, 1)
            stop(server)
            check(not collector.requests("logs") and not collector.requests("metrics"), "others are told")


@cases.case
def a_collector_behind_tls_is_trusted_by_its_certificate(machine):
    certificate = certificates.Certificate(machine.root, "collector", of_server=True)
    with Collector(machine.root, certificate) as collector:
        with serve(machine, collector.url, OTEL_EXPORTER_OTLP_CERTIFICATE=str(certificate.chain)) as server:
            server.curl("/")
            some(collector.spans, 1)
    other = certificates.Certificate(machine.root, "other", of_server=True)
    with Collector(machine.root, certificate) as collector:
        with serve(machine, collector.url, OTEL_EXPORTER_OTLP_CERTIFICATE=str(other.chain)) as server:
            server.curl("/")
            server.until_said("traces don't reach")
            check("TLS" in server.said() and collector.spans() == [], server.said())


@cases.case
def a_collector_that_is_not_there_costs_nobody_anything(machine):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    options = "--admin", "127.0.0.1:0", "--access-log", "off"
    # 512 of them are on their way, and 600 wait.
    with serve(machine, f"http://127.0.0.1:{port}", *options, OTEL_BSP_MAX_QUEUE_SIZE="600") as server:
        with server.connect() as client:
            begin = time.monotonic()
            for _ in range(20):
                client.sendall(b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n" * 100)
                answered = b""
                while answered.count(b"HTTP/1.1 404") < 100:
                    piece = client.recv(65536)
                    check(piece, "it closes")
                    answered += piece
            check(time.monotonic() - begin < 20, "requests wait")
        server.until_said("traces don't reach")
        check(server.said().count("traces don't reach") == 1 and "refused" in server.said(), server.said())
        until(lambda: server.metrics().get(("berth_otlp_dropped_total", ("signal", "traces")), 0) >= 800,
              lambda: f"{server.metrics()}")  # fmt: skip
        check(server.said().count("come faster than") <= 2, server.said())
        check(stop(server) < 8, "it waits for a collector at its end")
        check("didn't reach the collector" in server.said(), server.said())


@cases.case
def a_collector_that_says_nothing_is_given_up_at_the_end(machine):
    with Bad(lambda number: (None,)) as bad, serve(machine, bad.url) as server:
        for _ in range(10):
            check(server.curl("/")[0] == 200, "an answer")
        until(lambda: len(bad.bodies) >= 2, "nothing is sent")
        took = stop(server)
        check(took < 8, f"it took {took} s")


@cases.case
def what_could_not_be_taken_arrives_later(machine):
    def answer(number):
        return (503, {"Retry-After": "1"}) if number <= 2 else (200,)

    with Bad(answer) as bad, serve(machine, bad.url, OTEL_METRICS_EXPORTER="none", OTEL_LOGS_EXPORTER="none") as server:
        server.curl("/once")
        until(lambda: len(bad.bodies) >= 3, "it isn't tried again")
        check(bad.bodies[0][2] == bad.bodies[2][2] and b"/once" in bad.bodies[2][2], "something else is")
        check(bad.times[1] - bad.times[0] >= 0.9 and bad.times[2] - bad.times[1] >= 0.9, f"{bad.times}")
        server.until_said("reach " + bad.url + "/v1/traces again; 0 are left out")
        time.sleep(0.5)
        check(len(bad.bodies) == 3, "it is sent once more")


@cases.case
def a_collector_that_answers_nonsense_is_none(machine):
    answers = [(200, {}, b"<html>" + b"\xff" * 5000), (404,), (301, {"Location": "http://127.0.0.1:1/"}), (200, {}, b"\x0a\x02\x08\x07"),
               (200,)]  # fmt: skip
    with Bad(lambda number: answers[min(number, len(answers)) - 1]) as bad:
        options = "--admin", "127.0.0.1:0"
        with serve(machine, bad.url, *options, OTEL_METRICS_EXPORTER="none", OTEL_LOGS_EXPORTER="none") as server:
            for number in range(1, 6):
                server.curl("/")
                until(lambda: len(bad.bodies) >= number, f"{number} requests don't come")
                time.sleep(0.2)
            # One that wasn't found, one that moved, and one that was thrown away.
            dropped = server.metrics()[("berth_otlp_dropped_total", ("signal", "traces"))]
            check(dropped == 3, f"{dropped} are left out")
            check(server.curl("/")[0] == 200, "an answer")


@cases.case
def what_waits_is_sent_at_the_end(machine):
    late = dict.fromkeys(("OTEL_BSP_SCHEDULE_DELAY", "OTEL_BLRP_SCHEDULE_DELAY", "OTEL_METRIC_EXPORT_INTERVAL"), "3600000")
    with Collector(machine.root) as collector, serve(machine, collector.url, **late) as server:
        for _ in range(20):
            server.curl("/")
        check(collector.file.read_text() == "", "something came before")
        check(stop(server) < 5, "it takes long")
        some(collector.spans, 20)
        some(collector.logs, 20)
        requests = collector.metrics()["berth.http.requests"]["sum"]["dataPoints"]
        check(sum(int(point["asInt"]) for point in requests) == 20, f"{requests}")


@cases.case
def variables_that_make_no_sense_are_said(machine):
    there = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
    for name, value, says in (
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318", "http://"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://u:s3cr3t@a/", "belong into a header"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "s3cr3t", "NAME=VALUE"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x=s3cr3t%0a", "'x'"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere.pem", "/nowhere.pem"),
        ("OTEL_TRACES_SAMPLER", "sometimes", "traceidratio"),
        ("OTEL_METRICS_EXPORTER", "prometheus", "otlp and none"),
        ("OTEL_BSP_SCHEDULE_DELAY", "5s", "whole number"),
    ):
        status, said = refused(machine, **{**there, name: value})
        check(status not in (0, 134, 139) and says in said and "s3cr3t" not in said, f"{name}: {status} {said}")
        check(name in said or "ENDPOINT" in name or "can't go to" in said, f"{name}: {said}")
        check(len(said.splitlines()) == 1, said)


@cases.case
def a_guest_sees_nothing_of_it(machine):
    with Collector(machine.root) as collector, serve(machine, collector.url) as server:
        port = collector.address.rsplit(":", 1)[1]
        # No grant: the way to the collector is berth's own.
        status, body = server.curl(f"/ask?http://127.0.0.1:{port}/v1/traces")
        check(b"HttpRequestDenied" in body, f"{status} {body}")
        some(collector.spans, 1)


if __name__ == "__main__":
    sys.exit(main(cases, __doc__))
