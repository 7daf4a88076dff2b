// SPDX-License-Identifier: Apache-2.0
#include "serve/telemetry.h"

#include <doctest/doctest.h>

#include <mutex>
#include <set>

using namespace berth;
using namespace berth::serve;
using namespace std::chrono_literals;

namespace {

/// What is sent, as bytes.
class Told {
 public:
  explicit Told(otlp::Sampling sampling = {}) {
    telemetry.emplace(TelemetrySettings{.sampling = sampling, .traces = &*traces, .logs = &*logs});
  }

  std::unique_ptr<Trace> begin(std::string_view traceparent = "") {
    return telemetry->begin({.traceparent = traceparent});
  }
  /// How often it is told that a request with this header has ended.
  struct Count {
    size_t spans = 0;
    size_t logs = 0;
    bool operator==(const Count&) const = default;
  };
  Count count(std::string_view traceparent) {
    const Count before{.spans = sent_spans.size(), .logs = sent_logs.size()};
    telemetry->tell(*begin(traceparent), {.method = "GET", .path = "/", .peer = "[::1]:80"});
    traces->close();
    logs->close();
    return {.spans = sent_spans.size() - before.spans, .logs = sent_logs.size() - before.logs};
  }

  std::vector<std::string> sent_spans, sent_logs;
  const otlp::Envelope envelope{{}, "test", "1"};
  otlp::Delivery span_way = way(sent_spans), log_way = way(sent_logs);
  std::optional<otlp::Outbox> traces{std::in_place, envelope, span_way, otlp::Gathering{.delay = 1h}};
  std::optional<otlp::Outbox> logs{std::in_place, envelope, log_way, otlp::Gathering{.delay = 1h}};
  std::optional<Telemetry> telemetry;

 private:
  static otlp::Delivery way(std::vector<std::string>& to) {
    return {{},
            [&to](std::string_view body, std::chrono::nanoseconds) -> Result<engine::PostAnswer> {
              to.emplace_back(body);
              return engine::PostAnswer{.status = 200};
            },
            [](const std::string&) {}};
  }
};

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kSampled = "00-" + kTrace + "-00f067aa0ba902b7-01";
const std::string kNotSampled = "00-" + kTrace + "-00f067aa0ba902b7-00";

}  // namespace

TEST_CASE("a request without a trace begins one, and each has a span of its own") {
  Told told;
  std::set<std::string> traces, spans;
  for (int i = 0; i < 1000; ++i) {
    const auto trace = told.begin();
    CHECK(trace->fresh);
    CHECK(parse_traceparent(trace->traceparent)->sampled);
    traces.insert(trace->trace_id());
    spans.insert(trace->span_id());
  }
  CHECK(traces.size() == 1000);
  CHECK(spans.size() == 1000);
}

TEST_CASE("a request goes on in the trace that it came with, at a place of its own") {
  Told told;
  const auto trace = told.begin(kSampled);
  CHECK_FALSE(trace->fresh);
  CHECK(trace->trace_id() == kTrace);
  CHECK(trace->traceparent == "00-" + kTrace + "-" + trace->span_id() + "-01");
  CHECK(trace->span_id() != "00f067aa0ba902b7");
  CHECK(told.begin("00-nonsense")->fresh);
}

TEST_CASE("who asks decides whether its trace is told, unless it is to be decided here") {
  const auto told = [](otlp::Sampling sampling, const std::string& header) {
    return Told(sampling).count(header).spans == 1;
  };
  CHECK(told({}, ""));
  CHECK(told({}, kSampled));
  CHECK_FALSE(told({}, kNotSampled));
  CHECK_FALSE(told({.part = 0}, ""));
  CHECK(told({.part = 0}, kSampled));
  CHECK_FALSE(told({.by_parent = false, .part = 0}, kSampled));
  CHECK(told({.by_parent = false}, kNotSampled));
  CHECK(Told({.part = 0}).count("").logs == 1);
  CHECK(Told({.part = 0}).begin()->traceparent.ends_with("-00"));
}

TEST_CASE("a part of the traces is told, the same one wherever it is decided") {
  Told half({.by_parent = false, .part = 0.5});
  const auto sampled = [&](const std::string& last) {
    return half.begin("00-4bf92f3577b34da6" + last + "-00f067aa0ba902b7-00")->traceparent.ends_with("-01");
  };
  CHECK(sampled("0000000000000001"));
  CHECK(sampled("7ffffff000000000"));
  CHECK_FALSE(sampled("8000000000000000"));
  CHECK_FALSE(sampled("ffffffffffffffff"));
  int count = 0;
  for (int i = 0; i < 1000; ++i) count += half.begin()->own->sampled ? 1 : 0;
  CHECK(count > 400);
  CHECK(count < 600);
}

TEST_CASE("a client's words are cut, and never a name") {
  Told told;
  const std::string method = "EVIL\x1b" + std::string(5000, 'x');
  const AccessEntry entry{.method = method,
                          .host = std::string(5000, 'h'),
                          .path = "/" + std::string(5000, 'p') + "?" + std::string(5000, 'q'),
                          .peer = "127.0.0.1:1"};
  told.telemetry->tell(*told.begin(), entry);
  told.traces->close();
  told.logs->close();
  REQUIRE(told.sent_spans.size() == 1);
  CHECK(told.sent_spans[0].size() < 4000);
  CHECK(told.sent_logs[0].size() < 6000);
  CHECK(told.sent_spans[0].find("EVIL\x1b") == std::string::npos);
  CHECK(told.sent_spans[0].find("_OTHER") != std::string::npos);
  CHECK(told.sent_spans[0].find("EVIL\\x1b") != std::string::npos);
  // The name of the span, field 5.
  CHECK(told.sent_spans[0].find(std::string("\x2a\x04HTTP")) != std::string::npos);
}
