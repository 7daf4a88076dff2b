// SPDX-License-Identifier: Apache-2.0
#pragma once
// What of this process is told to a collector of OpenTelemetry, and where it is: read from the variables that
// OpenTelemetry's specification names ("Environment Variable Specification", "OpenTelemetry Protocol
// Exporter"). Nothing is told to anybody unless a variable names a collector or an exporter.
//
// A variable that makes no sense is an error which names it and what it may be; values aren't shown, as they
// may be secrets. Those of a signal that isn't exported aren't looked at. Pure.

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace berth::otlp {

enum class Signal { kTraces, kMetrics, kLogs };
inline constexpr std::array kSignals{Signal::kTraces, Signal::kMetrics, Signal::kLogs};

/// "traces", "metrics", "logs".
std::string_view name_of(Signal signal);

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// Where a signal goes.
struct Destination {
  std::string url;
  Pairs headers;
  std::string roots_file;  // certificates to trust, instead of this machine's; empty: those
  std::chrono::milliseconds timeout{10'000};  // of one request
  bool gzip = false;
};

/// A URL without what may be a secret: its query, and a name and password before its host.
std::string shown(std::string_view url);

/// How records are gathered.
struct Gathering {
  uint64_t most_waiting = 2048;
  uint64_t batch = 512;                        // sent at once
  std::chrono::milliseconds delay;             // after the first of a batch, at most
  std::chrono::milliseconds patience{30'000};  // with a batch, over all tries
};

/// Which traces are told.
struct Sampling {
  bool by_parent = true;  // as whoever asks has decided, if it has
  double part = 1;        // of the others
};

struct Settings {
  std::array<std::optional<Destination>, kSignals.size()> to;  // by signal; none: it isn't exported
  Sampling sampling;
  Gathering traces{.delay = std::chrono::milliseconds(5'000)};
  Gathering logs{.delay = std::chrono::milliseconds(1'000)};
  std::chrono::milliseconds metrics_interval{60'000};
  std::chrono::milliseconds metrics_patience{30'000};
  Pairs resource;  // what this process calls itself; "service.name" among them

  const std::optional<Destination>& of(Signal signal) const {
    return to[static_cast<size_t>(signal)];
  }
};

/// Gives a variable's value; one that is empty counts as not set.
using Variables = std::function<std::optional<std::string>(const char* name)>;

/// Nothing when nothing is exported.
Result<std::optional<Settings>> read_settings(const Variables& variables);

}  // namespace berth::otlp
