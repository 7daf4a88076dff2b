// SPDX-License-Identifier: Apache-2.0
#include "serve/trace_context.h"

#include <algorithm>
#include <cstddef>

namespace berth::serve {
namespace {

constexpr size_t kVersionEnd = 2;
constexpr size_t kTraceBegin = 3;
constexpr size_t kTraceEnd = 35;
constexpr size_t kParentBegin = 36;
constexpr size_t kParentEnd = 52;
constexpr size_t kFlagsBegin = 53;
constexpr size_t kLength = 55;

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c == '0'; });
}

std::string_view part(std::string_view text, size_t begin, size_t end) {
  return text.substr(begin, end - begin);
}

}  // namespace

std::string_view trace_id(std::string_view header) {
  if (header.size() < kLength) return {};
  const std::string_view version = part(header, 0, kVersionEnd);
  const std::string_view trace = part(header, kTraceBegin, kTraceEnd);
  const std::string_view parent = part(header, kParentBegin, kParentEnd);
  for (const size_t dash : {kVersionEnd, kTraceEnd, kParentEnd}) {
    if (header[dash] != '-') return {};
  }
  // A later version may say more, behind another dash.
  if (header.size() > kLength && (version == "00" || header[kLength] != '-')) return {};
  if (!is_hex(version) || version == "ff" || !is_hex(part(header, kFlagsBegin, kLength))) return {};
  if (!is_hex(trace) || is_zero(trace) || !is_hex(parent) || is_zero(parent)) return {};
  return trace;
}

}  // namespace berth::serve
