# SPDX-License-Identifier: Apache-2.0
"""A pinning service of the tests' own, as the IPFS Pinning Service API 1.0 has it: pins are kept in memory, and nothing is
fetched. How a pin goes on is said beforehand: `course` is its status at each look."""

import datetime
import json
import urllib.parse
import uuid

from gateway import Gateway

TOKEN = "t0ken-of-the-tests"
# With a name that is none of anybody's: kubo's client takes no address without one.
DELEGATE = "/ip4/192.0.2.7/tcp/4001/p2p/12D3KooWEqnTdgqHnkkwarSrJjeMP2ZJiADWLYADaNvUb6SQNyPF"
STATUSES = {"queued", "pinning", "pinned", "failed"}


class Service(Gateway):
    """Until the end of the `with`. `pins` are its pin objects, the oldest first."""

    def __init__(self, course=("pinned",), page=1000):
        self.pins, self.course, self.page, self.bodies, self.courses = [], course, page, [], {}
        super().__init__({}, {"/psa/pins": self.deal})

    @property
    def endpoint(self):
        return f"{self.url}/psa"

    def deal(self, handler):
        length = int(handler.headers.get("content-length", 0))
        body = handler.rfile.read(length)
        if handler.headers.get("authorization") != f"Bearer {TOKEN}":
            return self.fail(handler, 401, "UNAUTHORIZED", "access token is missing or invalid")
        url = urllib.parse.urlsplit(handler.path)
        request = urllib.parse.unquote(url.path.removeprefix("/psa/pins").removeprefix("/"))
        if handler.command == "POST":
            return self.add(handler, json.loads(body))
        if not request:
            return self.list(handler, urllib.parse.parse_qs(url.query, strict_parsing=bool(url.query)))
        with self.lock:
            found = next((pin for pin in self.pins if pin["requestid"] == request), None)
            if found and handler.command == "DELETE":
                self.pins.remove(found)
        if not found:
            return self.fail(handler, 404, "NOT_FOUND", "the specified resource was not found")
        if handler.command == "DELETE":
            return handler.give(202)
        self.look(found)
        self.give(handler, 200, found)

    def add(self, handler, pin):
        if not isinstance(pin.get("cid"), str) or len(pin.get("name") or "") > 255:
            return self.fail(handler, 400, "BAD_REQUEST", "the pin has no cid, or a name that is too long")
        with self.lock:
            self.bodies.append(pin)
            last = self.pins[-1]["created"] if self.pins else ""
            created = max(datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"), after(last))
            made = {"requestid": f"request/{uuid.uuid4()}", "status": "queued", "created": created, "pin": pin, "delegates": [DELEGATE], "info": {}}
            self.pins.append(made)
            self.courses[made["requestid"]] = list(self.course)
        self.look(made)
        self.give(handler, 202, made)

    def look(self, pin):
        course = self.courses[pin["requestid"]]
        pin["status"] = course.pop(0) if len(course) > 1 else course[0]
        pin["info"] = {"status_details": "the DAG is too large\x1b[31m"} if pin["status"] == "failed" else {}

    def list(self, handler, query):
        statuses = set(query.get("status", ["pinned"])[0].split(","))
        limit = int(query.get("limit", ["10"])[0])
        if not statuses <= STATUSES or not 1 <= limit <= 1000:
            return self.fail(handler, 400, "BAD_REQUEST", "status or limit")
        with self.lock:
            kept = [pin for pin in reversed(self.pins) if pin["status"] in statuses]
        for name, key in (("cid", "cid"), ("name", "name")):
            if name in query:
                wanted = query[name][0].split(",") if name == "cid" else query[name]
                kept = [pin for pin in kept if pin["pin"].get(key) in wanted]
        if "before" in query:
            kept = [pin for pin in kept if pin["created"] < query["before"][0]]
        self.give(handler, 200, {"count": len(kept), "results": kept[: min(limit, self.page)]})

    def give(self, handler, status, value):
        handler.give(status, json.dumps(value).encode(), content_type="application/json")

    def fail(self, handler, status, reason, details):
        self.give(handler, status, {"error": {"reason": reason, "details": details}})


def after(created):
    """A microsecond later: each is another one's."""
    if not created:
        return ""
    time = datetime.datetime.fromisoformat(created) + datetime.timedelta(microseconds=1)
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")
