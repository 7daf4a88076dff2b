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

uint8_t digit(char c) {
  return static_cast<uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10);
}

/// Of as many digits as it takes.
template <size_t kSize>
std::array<uint8_t, kSize> bytes_of(std::string_view hex) {
  std::array<uint8_t, kSize> bytes = {};
  for (size_t i = 0; i < kSize; ++i)
    bytes[i] = static_cast<uint8_t>(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
  return bytes;
}

template <class Bytes>
void append_hex(std::string& text, const Bytes& bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
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

std::optional<TraceContext> parse_traceparent(std::string_view header) {
  const std::string_view trace = trace_id(header);
  if (trace.empty()) return std::nullopt;
  const bool sampled = (digit(header[kLength - 1]) & 1) != 0;
  return TraceContext{.trace = bytes_of<16>(trace),
                      .span = bytes_of<8>(part(header, kParentBegin, kParentEnd)),
                      .sampled = sampled};
}

std::string to_text(const TraceContext& context) {
  std::string text = "00-";
  text.reserve(kLength);
  append_hex(text, context.trace);
  text += '-';
  append_hex(text, context.span);
  text += context.sampled ? "-01" : "-00";
  return text;
}

}  // namespace berth::serve
