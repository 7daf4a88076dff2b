// SPDX-License-Identifier: Apache-2.0
#pragma once
// The trace that a request belongs to, by the W3C's recommendation "Trace Context" of 2021.
//
// Pure; safe on any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth::serve {

/// The trace's id in a header `traceparent`, 32 digits; empty when it isn't one that the recommendation
/// allows to use.
std::string_view trace_id(std::string_view traceparent);

/// What a header `traceparent` says.
struct TraceContext {
  std::array<uint8_t, 16> trace = {};
  std::array<uint8_t, 8> span = {};  // of whoever wrote it
  bool sampled = false;

  bool operator==(const TraceContext&) const = default;
};

/// Nothing of a header that has no `trace_id`.
std::optional<TraceContext> parse_traceparent(std::string_view traceparent);

/// As the header has it, in version 00.
std::string to_text(const TraceContext& context);

}  // namespace berth::serve
