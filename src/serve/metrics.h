// SPDX-License-Identifier: Apache-2.0
#pragma once
// What was counted, as Prometheus reads it: the text exposition format, version 0.0.4. How many series there
// are depends on how many modules there are, never on what clients ask for.
//
// Pure; safe on any thread.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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
};

std::string metrics_text(const std::vector<ModuleFigures>& modules, const host::Counted& lost,
                         const ProcessFigures& process);

}  // namespace berth::serve
