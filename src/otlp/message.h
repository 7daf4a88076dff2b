// SPDX-License-Identifier: Apache-2.0
#pragma once
// OTLP's messages, as bytes: what of spans, log records and metrics berth uses. A record is encoded where it
// comes up, and a request is an envelope around records that were, so that nothing is kept in two forms.
// By opentelemetry-proto 1.x, whose numbers of fields never change.
//
// Text has to be UTF-8. Pure; safe on any thread.

#include <array>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "otlp/settings.h"

namespace berth::otlp {

using Time = std::chrono::system_clock::time_point;
using TraceId = std::array<uint8_t, 16>;
using SpanId = std::array<uint8_t, 8>;

struct Attribute {
  std::string_view key;
  std::variant<std::string_view, int64_t, double> value;
};
using Attributes = std::vector<Attribute>;

/// Of a server: what it did for one request.
struct Span {
  TraceId trace = {};
  SpanId id = {};
  const SpanId* parent = nullptr;  // none: it is the first of its trace
  std::string_view name;
  Time begin, end;
  bool failed = false;
  std::string_view failure = {};  // for a person
  std::span<const Attribute> attributes = {};
};

enum class Severity { kInfo = 9, kError = 17 };

struct LogRecord {
  Time time;
  Severity severity = Severity::kInfo;
  std::string_view event;  // what kind of record it is
  std::string_view body;
  const TraceId* trace = nullptr;
  const SpanId* span = nullptr;
  bool sampled = false;
  std::span<const Attribute> attributes = {};
};

struct Histogram {
  std::span<const double> bounds;    // each class ends with its own
  std::span<const uint64_t> counts;  // one more: what lies behind the last
  double sum = 0;
};

struct Point {
  Attributes attributes;
  std::variant<uint64_t, double, Histogram> value;
};

struct Metric {
  /// What is counted since `since`, what is now, and what is counted in classes.
  enum class Kind { kSum, kNow, kHistogram };

  std::string_view name;
  std::string_view unit;  // "s", "By", "{request}"
  std::string_view description;
  Kind kind = Kind::kNow;
  std::span<const Point> points;
};

std::string record_of(const Span& span);
std::string record_of(const LogRecord& log);
std::string record_of(const Metric& metric, Time since, Time now);

/// What stands around records, the same for each request.
class Envelope {
 public:
  /// `scope` is what tells it, in a version of it.
  Envelope(const Pairs& resource, std::string_view scope, std::string_view version);

  /// A request with these records, all of one signal.
  std::string around(std::string_view records) const;

 private:
  std::string resource_;
  std::string scope_;
};

/// What a collector says about a request that it has taken: how many records it threw away, and why.
struct Rejected {
  uint64_t records = 0;
  std::string why;
};
/// Bytes that are no such answer say nothing.
Rejected rejected_in(std::string_view answer);

}  // namespace berth::otlp
