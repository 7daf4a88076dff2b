// SPDX-License-Identifier: Apache-2.0
#pragma once
// Requests as OpenTelemetry tells them: each has a place in a trace, and at its end becomes a span and a log
// record, by the semantic conventions for HTTP servers.
//
// What clients choose is only ever the value of an attribute, and cut. Any thread; waits for nothing.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "engine/server.h"
#include "otlp/outbox.h"
#include "otlp/settings.h"
#include "serve/access_entry.h"
#include "serve/trace_context.h"

namespace berth::serve {

/// The place of one request.
struct Trace {
  std::optional<TraceContext> parent;  // who asks, where that is known
  std::optional<TraceContext> own;     // none where traces aren't told
  std::string traceparent;             // for the guest; empty: as it came
  bool fresh = false;                  // it isn't the trace of who asks
  bool inside = false;                 // another module asks
  std::string route;                   // the path of its route; empty: all of them
  Digest digest;                       // of the module that answers

  bool traced() const {
    return own.has_value();
  }
  /// 32 and 16 digits; empty where there is none.
  std::string trace_id() const;
  std::string span_id() const;
};

struct TelemetrySettings {
  otlp::Sampling sampling;
  bool secure = false;             // clients come by TLS
  otlp::Outbox* traces = nullptr;  // none: they aren't told
  otlp::Outbox* logs = nullptr;    // the same
};

class Telemetry {
 public:
  /// The outboxes outlive it.
  explicit Telemetry(const TelemetrySettings& settings);
  Telemetry(const Telemetry&) = delete;
  Telemetry& operator=(const Telemetry&) = delete;

  std::unique_ptr<Trace> begin(const engine::RequestHead& head);
  void tell(const Trace& trace, const AccessEntry& entry) const;

 private:
  bool samples(const TraceContext& own, const std::optional<TraceContext>& parent) const;

  const TelemetrySettings settings_;
  const std::array<uint64_t, 3> seeds_;
  std::atomic<uint64_t> next_ = 0;
};

}  // namespace berth::serve
