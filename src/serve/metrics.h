// SPDX-License-Identifier: Apache-2.0
#pragma once
// What was counted, in families of samples, and as Prometheus reads it: the text exposition format, version
// 0.0.4. metrics_otlp.h has the same for a collector. How many series there are depends on how many modules
// there are, never on what clients ask for.
//
// Pure; safe on any thread.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "host/counters.h"
#include "serve/site.h"

namespace berth::serve {

/// The content type of it.
inline constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

/// Of this process.
struct ProcessFigures {
  std::string version;  // of berth
  std::string engine;   // of its engine
  std::chrono::system_clock::time_point since;
  std::optional<std::chrono::nanoseconds> cpu_time;
  std::optional<uint64_t> resident_bytes;
  uint64_t connections = 0;
  uint64_t access_dropped = 0;
  std::vector<std::pair<std::string, uint64_t>> otlp_dropped = {};  // by signal, of those that are exported
};

/// A label's name and value, as Prometheus has them.
using Labels = std::vector<std::pair<std::string_view, std::string>>;

/// Durations in the classes of `host::kDurationBounds`.
struct Durations {
  std::array<uint64_t, host::kDurationClasses> counts = {};
  double sum_seconds = 0;
};

struct Sample {
  Labels labels;
  std::variant<uint64_t, double, Durations> value;
};

/// Samples that say the same of different things.
struct Family {
  enum class Kind { kCounter, kGauge, kHistogram };

  std::string_view name;  // as Prometheus has it
  std::string_view otlp;  // as a collector has it, which makes Prometheus's of it; empty: not told to one
  std::string_view unit;  // for a collector
  std::string_view help;
  Kind kind = Kind::kCounter;
  std::vector<Sample> samples = {};
};

std::vector<Family> families(const std::vector<ModuleFigures>& modules, const host::Counted& lost,
                             const ProcessFigures& process);

std::string metrics_text(const std::vector<Family>& families);

}  // namespace berth::serve
