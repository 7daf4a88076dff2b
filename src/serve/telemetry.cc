// SPDX-License-Identifier: Apache-2.0
#include "serve/telemetry.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <random>

#include "policy/printable.h"

namespace berth::serve {
namespace {

constexpr size_t kLongestPath = 1024;
constexpr size_t kLongestWord = 255;
constexpr uint16_t kFirstServerError = 500;
constexpr uint16_t kClientGone = 499;

/// Those that the conventions name: any other is a client's own word.
constexpr std::array<std::string_view, 10> kMethods{"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                                    "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"};

/// Numbers that look like chance and never come twice (Steele's SplitMix64).
uint64_t mixed(uint64_t number) {
  number ^= number >> 30;
  number *= 0xbf58476d1ce4e5b9;
  number ^= number >> 27;
  number *= 0x94d049bb133111eb;
  return number ^ number >> 31;
}

uint64_t random_number() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

void put(uint64_t number, uint8_t* to) {
  for (int i = 0; i < 8; ++i) to[i] = static_cast<uint8_t>(number >> (56 - 8 * i));
}

int64_t whole(std::chrono::nanoseconds time) {
  return std::max<int64_t>(time.count(), 0);
}

/// Attributes as they are gathered, with the text that was made for them.
class Gathered {
 public:
  void add(std::string_view key, int64_t number) {
    all_.push_back({.key = key, .value = number});
  }
  /// berth's own words.
  void add(std::string_view key, std::string_view text) {
    if (!text.empty()) all_.push_back({.key = key, .value = text});
  }
  /// Somebody else's: made fit to be shown, and cut.
  void add_from_outside(std::string_view key, std::string_view text, size_t most) {
    if (!text.empty()) add(key, std::string_view(made_.emplace_back(policy::printable(text, most))));
  }
  void add_made(std::string_view key, std::string text) {
    add(key, std::string_view(made_.emplace_back(std::move(text))));
  }

  const otlp::Attributes& all() const {
    return all_;
  }

 private:
  otlp::Attributes all_;
  std::deque<std::string> made_;  // whose places stay
};

bool is_known(std::string_view method) {
  return std::ranges::find(kMethods, method) != kMethods.end();
}

/// What kind of error ended it, one of a few; empty: none.
std::string error_type(const AccessEntry& entry) {
  if (!entry.limit.empty()) return "limit." + entry.limit;
  if (entry.ending == "trapped" || entry.ending == "failed" || entry.ending == "panicked")
    return entry.ending;
  if (entry.status == kClientGone) return "client_gone";
  return entry.status >= kFirstServerError ? fmt::format("{}", entry.status) : "";
}

void add_client(Gathered& to, const Trace& trace, const AccessEntry& entry) {
  if (trace.inside) return to.add_from_outside("berth.caller", entry.peer, kLongestWord);
  const size_t end = entry.peer.rfind(':');
  if (end == std::string::npos) return;
  std::string_view address = std::string_view(entry.peer).substr(0, end);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  to.add("client.address", address);
  int64_t port = 0;
  for (const char digit : std::string_view(entry.peer).substr(end + 1)) port = port * 10 + (digit - '0');
  to.add("client.port", port);
}

void add_request(Gathered& to, const Trace& trace, const AccessEntry& entry, bool secure) {
  const bool known = is_known(entry.method);
  to.add("http.request.method", known ? std::string_view(entry.method) : "_OTHER");
  if (!known) to.add_from_outside("http.request.method_original", entry.method, kLongestWord);
  const std::string_view path = entry.path;
  const size_t query = path.find('?');
  to.add_from_outside("url.path", path.substr(0, query), kLongestPath);
  if (query != std::string_view::npos) to.add_from_outside("url.query", path.substr(query + 1), kLongestPath);
  to.add("url.scheme", std::string_view(secure && !trace.inside ? "https" : "http"));
  to.add_from_outside("server.address", entry.host, kLongestWord);
  to.add("http.route", trace.route);
  add_client(to, trace, entry);
}

void add_answer(Gathered& to, const Trace& trace, const AccessEntry& entry) {
  if (entry.status != kClientGone) to.add("http.response.status_code", int64_t{entry.status});
  to.add_made("error.type", error_type(entry));
  to.add("http.request.body.size", static_cast<int64_t>(entry.received_bytes));
  to.add("http.response.body.size", static_cast<int64_t>(entry.sent_bytes));
  if (entry.module.empty()) return;
  to.add_from_outside("berth.module", entry.module, kLongestWord);
  to.add_made("berth.module.digest", trace.digest.text());
  to.add("berth.ending", entry.ending);
  to.add("berth.cpu_ns", whole(entry.cpu_used));
  if (entry.queued.count() > 0) to.add("berth.queued_ns", whole(entry.queued));
  if (entry.denials > 0) to.add("berth.denials", static_cast<int64_t>(entry.denials));
}

bool is_servers_fault(const AccessEntry& entry) {
  return entry.status >= kFirstServerError || entry.ending == "trapped" || !entry.limit.empty();
}

std::string span_of(const Trace& trace, const AccessEntry& entry, const otlp::Attributes& attributes) {
  std::string name = is_known(entry.method) ? entry.method : "HTTP";
  if (!trace.route.empty()) name += " " + trace.route;
  const std::string failure = policy::printable(entry.reason, kLongestWord);
  return otlp::record_of({.trace = trace.own->trace,
                          .id = trace.own->span,
                          .parent = trace.parent ? &trace.parent->span : nullptr,
                          .name = name,
                          .begin = entry.time,
                          .end = entry.time + entry.duration,
                          .failed = is_servers_fault(entry),
                          .failure = failure,
                          .attributes = attributes});
}

std::string log_of(const Trace& trace, const AccessEntry& entry, const otlp::Attributes& attributes) {
  const std::string body = fmt::format("{} {}{} {}", policy::printable(entry.method, kLongestWord),
                                       policy::printable(entry.host, kLongestWord),
                                       policy::printable(entry.path, kLongestPath), entry.status);
  const auto& known = trace.own ? trace.own : trace.parent;
  return otlp::record_of(
      {.time = entry.time,
       .severity = is_servers_fault(entry) ? otlp::Severity::kError : otlp::Severity::kInfo,
       .event = "berth.request",
       .body = body,
       .trace = known ? &known->trace : nullptr,
       .span = trace.own ? &trace.own->span : nullptr,
       .sampled = known && known->sampled,
       .attributes = attributes});
}

}  // namespace

std::string Trace::trace_id() const {
  const auto& known = own ? own : parent;
  return known ? to_text(*known).substr(3, 32) : "";
}

std::string Trace::span_id() const {
  return own ? to_text(*own).substr(36, 16) : "";
}

Telemetry::Telemetry(const TelemetrySettings& settings)
    : settings_(settings), seeds_{random_number(), random_number(), random_number()} {}

std::unique_ptr<Trace> Telemetry::begin(const engine::RequestHead& head) {
  auto trace = std::make_unique<Trace>();
  trace->parent = parse_traceparent(head.traceparent);
  trace->inside = head.hops > 0;
  if (settings_.traces == nullptr) return trace;
  constexpr uint64_t kStep = 0x9e3779b97f4a7c15;
  const uint64_t number = next_.fetch_add(1, std::memory_order_relaxed) * kStep;
  TraceContext own;
  put(mixed(seeds_[0] + number) | 1, own.span.data());  // never all zeros
  if (trace->parent) {
    own.trace = trace->parent->trace;
  } else {
    put(mixed(seeds_[1] + number), own.trace.data());
    put(mixed(seeds_[2] + number) | 1, own.trace.data() + 8);
    trace->fresh = true;
  }
  own.sampled = samples(own, trace->parent);
  trace->own = own;
  trace->traceparent = to_text(own);
  return trace;
}

bool Telemetry::samples(const TraceContext& own, const std::optional<TraceContext>& parent) const {
  const otlp::Sampling& sampling = settings_.sampling;
  if (sampling.by_parent && parent) return parent->sampled;
  // All who sample by a trace's id and the same part take the same traces: by its last 63 bits.
  uint64_t last = 0;
  for (size_t i = 8; i < own.trace.size(); ++i) last = last << 8 | own.trace[i];
  constexpr double kAll = 9223372036854775808.0;  // 2^63
  return sampling.part >= 1 || static_cast<double>(last >> 1) < sampling.part * kAll;
}

void Telemetry::tell(const Trace& trace, const AccessEntry& entry) const {
  const bool span = settings_.traces != nullptr && trace.own && trace.own->sampled;
  if (!span && settings_.logs == nullptr) return;
  Gathered attributes;
  add_request(attributes, trace, entry, settings_.secure);
  add_answer(attributes, trace, entry);
  if (span) settings_.traces->add(span_of(trace, entry, attributes.all()));
  if (settings_.logs == nullptr) return;
  // What a span says in words of its own.
  attributes.add("berth.duration_ns", whole(entry.duration));
  attributes.add_from_outside("berth.reason", entry.reason, kLongestWord);
  settings_.logs->add(log_of(trace, entry, attributes.all()));
}

}  // namespace berth::serve
