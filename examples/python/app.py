# SPDX-License-Identifier: Apache-2.0
"""Tables over HTTP: GET / lists the CSV files in /tables, GET /NAME says what is in the columns of one.

Files are opened by Python's own library. A column of numbers is answered with its smallest, largest and mean value, any
other with how many different values it has.
"""

import csv
import json
import os
import statistics

from componentize_py_types import Ok
from wit_world import exports
from wit_world.imports import wasi_http_types as http

FOLDER = "/tables"
MOST_AT_ONCE = 4096  # bytes that a stream takes in one blocking write


class IncomingHandler(exports.IncomingHandler):
    def handle(self, request, response_out):
        name = (request.path_with_query() or "/").partition("?")[0].removeprefix("/")
        if not isinstance(request.method(), http.Method_Get):
            return send(response_out, 405, {"error": "tables are only read"})
        try:
            send(response_out, 200, columns(name) if name else sorted(os.listdir(FOLDER)))
        except FileNotFoundError:
            send(response_out, 404, {"error": f"there is no table {name}"})
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            send(response_out, 500, {"error": f"the table can't be read: {error}"})


def columns(name):
    with open(f"{FOLDER}/{name}", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = rows[0].keys() if rows else []
    return {"rows": len(rows), "columns": {name: summary([row[name] for row in rows]) for name in names}}


def summary(values):
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError):  # a short row has None
        return {"different": len(set(values))}
    return {"least": min(numbers), "most": max(numbers), "mean": statistics.fmean(numbers)}


def send(response_out, status, value):
    text = f"{json.dumps(value)}\n".encode()
    headers = http.Fields.from_list([("content-type", b"application/json"), ("content-length", str(len(text)).encode())])
    response = http.OutgoingResponse(headers)
    response.set_status_code(status)
    body = response.body()
    http.ResponseOutparam.set(response_out, Ok(response))
    with body.write() as stream:  # closed before its body ends
        for begin in range(0, len(text), MOST_AT_ONCE):
            stream.blocking_write_and_flush(text[begin : begin + MOST_AT_ONCE])
    http.OutgoingBody.finish(body, None)
