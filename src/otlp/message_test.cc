// SPDX-License-Identifier: Apache-2.0
#include "otlp/message.h"

#include <doctest/doctest.h>

#include <protozero/pbf_reader.hpp>

using namespace berth::otlp;
using namespace std::chrono_literals;

// What a collector reads of them is held against its own reader by tests/serve/otlp.py.

namespace {

/// The bytes at a path of fields.
std::string at(std::string bytes, std::initializer_list<uint32_t> path) {
  for (const uint32_t field : path) {
    protozero::pbf_reader reader(bytes);
    std::string found;
    if (reader.next(field)) found = reader.get_string();
    bytes = found;
  }
  return bytes;
}

}  // namespace

TEST_CASE("records lie in an envelope with who tells them") {
  const Envelope envelope({{"service.name", "shop"}}, "berth", "1.2");
  Span span{.name = "GET /v1", .failed = true, .failure = "trapped"};
  span.trace.fill(0xab);
  const std::string first = record_of(span);
  span.name = "POST";
  const std::string request = envelope.around(first + record_of(span));
  CHECK(at(request, {1, 1, 1, 1}) == "service.name");
  CHECK(at(request, {1, 1, 1, 2, 1}) == "shop");
  CHECK(at(request, {1, 2, 1, 1}) == "berth");
  CHECK(at(request, {1, 2, 2, 1}) == std::string(16, '\xab'));
  CHECK(at(request, {1, 2, 2, 5}) == "GET /v1");
  CHECK(at(request, {1, 2, 2, 15, 2}) == "trapped");
  CHECK(request.find("POST") != std::string::npos);
}

TEST_CASE("what a collector has thrown away is read from its answer, and from nothing else") {
  std::string answer{0x0a, 0x08, 0x08, 0x03, 0x12, 0x04};
  answer += "full";
  const Rejected rejected = rejected_in(answer);
  CHECK(rejected.records == 3);
  CHECK(rejected.why == "full");
  CHECK(rejected_in("").records == 0);
  for (size_t length = 0; length < answer.size(); ++length) {
    CAPTURE(length);
    CHECK(rejected_in(answer.substr(0, length)).why == "");
  }
  CHECK(rejected_in("<html>no</html>").records == 0);
  std::string negative{0x0a, 0x0b, 0x08};
  negative += std::string(9, '\xff') + "\x01";
  CHECK(rejected_in(negative).records == 0);
}
