// SPDX-License-Identifier: Apache-2.0
#include "otlp/message.h"

#include <numeric>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

#include "policy/printable.h"

namespace berth::otlp {
namespace {

using protozero::pbf_writer;

// The same in the envelopes of all three signals.
namespace request {
constexpr uint32_t kResourceRecords = 1, kResource = 1, kScopeRecords = 2, kScope = 1, kRecord = 2;
constexpr uint32_t kResourceAttribute = 1, kScopeName = 1, kScopeVersion = 2;
}  // namespace request

namespace pair {
constexpr uint32_t kKey = 1, kValue = 2, kText = 1, kInteger = 3, kReal = 4;
}  // namespace pair

uint64_t nanoseconds(Time time) {
  const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  return since > 0 ? static_cast<uint64_t>(since) : 0;
}

template <size_t kSize>
void add_id(pbf_writer& to, uint32_t field, const std::array<uint8_t, kSize>& id) {
  to.add_bytes(field, reinterpret_cast<const char*>(id.data()), id.size());
}

void add_text(pbf_writer& to, uint32_t field, std::string_view text) {
  if (!text.empty()) to.add_string(field, text.data(), text.size());
}

void add_attribute(pbf_writer& to, uint32_t field, const Attribute& attribute) {
  pbf_writer both(to, field);
  add_text(both, pair::kKey, attribute.key);
  pbf_writer value(both, pair::kValue);
  if (const auto* text = std::get_if<std::string_view>(&attribute.value))
    value.add_string(pair::kText, text->data(), text->size());
  if (const auto* integer = std::get_if<int64_t>(&attribute.value)) value.add_int64(pair::kInteger, *integer);
  if (const auto* real = std::get_if<double>(&attribute.value)) value.add_double(pair::kReal, *real);
}

void add_attributes(pbf_writer& to, uint32_t field, std::span<const Attribute> attributes) {
  for (const Attribute& attribute : attributes) add_attribute(to, field, attribute);
}

/// The bytes of a record, as a member of its scope's.
template <class Fill>
std::string record(const Fill& fill) {
  std::string bytes;
  pbf_writer scope(bytes);
  {
    pbf_writer of(scope, request::kRecord);
    fill(of);
  }
  return bytes;
}

void add_point(pbf_writer& to, uint32_t field, const Point& point, const Time* since, Time now) {
  constexpr uint32_t kStart = 2, kTime = 3, kReal = 4, kInteger = 6, kAttribute = 7;
  pbf_writer of(to, field);
  if (since != nullptr) of.add_fixed64(kStart, nanoseconds(*since));
  of.add_fixed64(kTime, nanoseconds(now));
  if (const auto* real = std::get_if<double>(&point.value)) of.add_double(kReal, *real);
  if (const auto* integer = std::get_if<uint64_t>(&point.value))
    of.add_sfixed64(kInteger, static_cast<int64_t>(*integer));
  add_attributes(of, kAttribute, point.attributes);
}

void add_histogram(pbf_writer& to, uint32_t field, const Point& point, Time since, Time now) {
  constexpr uint32_t kStart = 2, kTime = 3, kCount = 4, kSum = 5, kCounts = 6, kBounds = 7, kAttribute = 9;
  const auto* histogram = std::get_if<Histogram>(&point.value);
  if (histogram == nullptr) return;
  const auto& [bounds, counts, sum] = *histogram;
  pbf_writer of(to, field);
  of.add_fixed64(kStart, nanoseconds(since));
  of.add_fixed64(kTime, nanoseconds(now));
  of.add_fixed64(kCount, std::accumulate(counts.begin(), counts.end(), uint64_t{0}));
  of.add_double(kSum, sum);
  of.add_packed_fixed64(kCounts, counts.begin(), counts.end());
  of.add_packed_double(kBounds, bounds.begin(), bounds.end());
  add_attributes(of, kAttribute, point.attributes);
}

}  // namespace

std::string record_of(const Span& span) {
  constexpr uint32_t kTrace = 1, kId = 2, kParent = 4, kName = 5, kKind = 6, kBegin = 7, kEnd = 8,
                     kAttribute = 9, kStatus = 15, kFlags = 16;
  constexpr uint32_t kStatusMessage = 2, kStatusCode = 3;
  constexpr int32_t kServer = 2, kError = 2;
  return record([&](pbf_writer& of) {
    add_id(of, kTrace, span.trace);
    add_id(of, kId, span.id);
    if (span.parent != nullptr) add_id(of, kParent, *span.parent);
    add_text(of, kName, span.name);
    of.add_enum(kKind, kServer);
    of.add_fixed64(kBegin, nanoseconds(span.begin));
    of.add_fixed64(kEnd, nanoseconds(span.end));
    add_attributes(of, kAttribute, span.attributes);
    if (span.failed) {
      pbf_writer status(of, kStatus);
      add_text(status, kStatusMessage, span.failure);
      status.add_enum(kStatusCode, kError);
    }
    of.add_fixed32(kFlags, 1);  // only what is sampled is told
  });
}

std::string record_of(const LogRecord& log) {
  constexpr uint32_t kTime = 1, kSeverity = 2, kSeverityText = 3, kBody = 5, kAttribute = 6, kFlags = 8,
                     kTrace = 9, kSpan = 10, kObserved = 11, kEvent = 12;
  return record([&](pbf_writer& of) {
    of.add_fixed64(kTime, nanoseconds(log.time));
    of.add_enum(kSeverity, static_cast<int32_t>(log.severity));
    add_text(of, kSeverityText, log.severity == Severity::kError ? "ERROR" : "INFO");
    {
      pbf_writer body(of, kBody);
      body.add_string(pair::kText, log.body.data(), log.body.size());
    }
    add_attributes(of, kAttribute, log.attributes);
    if (log.sampled) of.add_fixed32(kFlags, 1);
    if (log.trace != nullptr) add_id(of, kTrace, *log.trace);
    if (log.span != nullptr) add_id(of, kSpan, *log.span);
    of.add_fixed64(kObserved, nanoseconds(log.time));
    add_text(of, kEvent, log.event);
  });
}

std::string record_of(const Metric& metric, Time since, Time now) {
  constexpr uint32_t kName = 1, kDescription = 2, kUnit = 3, kGauge = 5, kSum = 7, kHistogram = 9;
  constexpr uint32_t kPoint = 1, kTemporality = 2, kMonotonic = 3;
  constexpr int32_t kCumulative = 2;
  return record([&](pbf_writer& of) {
    add_text(of, kName, metric.name);
    add_text(of, kDescription, metric.description);
    add_text(of, kUnit, metric.unit);
    switch (metric.kind) {
      case Metric::Kind::kNow: {
        pbf_writer gauge(of, kGauge);
        for (const Point& point : metric.points) add_point(gauge, kPoint, point, nullptr, now);
        break;
      }
      case Metric::Kind::kSum: {
        pbf_writer sum(of, kSum);
        for (const Point& point : metric.points) add_point(sum, kPoint, point, &since, now);
        sum.add_enum(kTemporality, kCumulative);
        sum.add_bool(kMonotonic, true);
        break;
      }
      case Metric::Kind::kHistogram: {
        pbf_writer histogram(of, kHistogram);
        for (const Point& point : metric.points) add_histogram(histogram, kPoint, point, since, now);
        histogram.add_enum(kTemporality, kCumulative);
        break;
      }
    }
  });
}

Envelope::Envelope(const Pairs& resource, std::string_view scope, std::string_view version) {
  pbf_writer all(resource_);
  for (const auto& [key, value] : resource)
    add_attribute(all, request::kResourceAttribute, {.key = key, .value = std::string_view(value)});
  pbf_writer who(scope_);
  add_text(who, request::kScopeName, scope);
  add_text(who, request::kScopeVersion, version);
}

std::string Envelope::around(std::string_view records) const {
  std::string of_scope;
  pbf_writer(of_scope).add_message(request::kScope, scope_);
  of_scope += records;
  std::string bytes;
  pbf_writer whole(bytes);
  {
    pbf_writer of_resource(whole, request::kResourceRecords);
    of_resource.add_message(request::kResource, resource_);
    of_resource.add_message(request::kScopeRecords, of_scope);
  }
  return bytes;
}

Rejected rejected_in(std::string_view answer) {
  constexpr uint32_t kPartialSuccess = 1, kRecords = 1, kWhy = 2;
  Rejected rejected;
  try {
    protozero::pbf_reader whole(answer.data(), answer.size());
    while (whole.next(kPartialSuccess, protozero::pbf_wire_type::length_delimited)) {
      protozero::pbf_reader part = whole.get_message();
      while (part.next()) {
        if (part.tag_and_type() == protozero::tag_and_type(kRecords, protozero::pbf_wire_type::varint)) {
          const int64_t records = part.get_int64();
          rejected.records = records > 0 ? static_cast<uint64_t>(records) : 0;
        } else if (part.tag_and_type() ==
                   protozero::tag_and_type(kWhy, protozero::pbf_wire_type::length_delimited)) {
          rejected.why = policy::printable(part.get_string());
        } else {
          part.skip();
        }
      }
    }
  } catch (const protozero::exception&) {
    return {};
  }
  return rejected;
}

}  // namespace berth::otlp
