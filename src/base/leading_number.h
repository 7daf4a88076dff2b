// SPDX-License-Identifier: Apache-2.0
#pragma once
// Numbers as the kernel and berth's own processes write them: in decimal, with nothing before them. What
// people write is read by base/units.h. Pure; safe on any thread.

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace berth {

/// The number that a text begins with, whatever follows. Nothing when there is none, or it is too large.
template <std::integral T>
std::optional<T> leading_number(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  return number;
}

/// The number that a text is, and nothing else.
template <std::integral T>
std::optional<T> whole_number(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace berth
