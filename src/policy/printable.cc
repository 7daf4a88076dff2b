// SPDX-License-Identifier: Apache-2.0
#include "policy/printable.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace berth::policy {
namespace {

struct Character {
  char32_t code = 0;
  size_t length = 1;
  bool valid = false;
};

/// How many bytes a character has that begins with `lead`; 0 for a byte that begins none.
size_t length_of(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

/// The first character of `text`, which isn't empty. A byte that is no UTF-8 is one invalid character.
Character first_character(std::string_view text) {
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  auto lead = static_cast<uint8_t>(text.front());
  size_t length = length_of(lead);
  if (length == 0 || text.size() < length) return {.code = lead};
  if (length == 1) return {.code = lead, .valid = true};
  char32_t code = lead & (0x7FU >> length);
  for (size_t i = 1; i < length; ++i) {
    auto byte = static_cast<uint8_t>(text[i]);
    if ((byte & 0xC0U) != 0x80U) return {.code = lead};
    code = (code << 6U) | (byte & 0x3FU);
  }
  bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kSmallest[length] || code > 0x10FFFF || surrogate) return {.code = lead};
  return {.code = code, .length = length, .valid = true};
}

bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F);
}

/// Marks that reorder or hide the text around them: separators of lines, direction overrides and isolates.
bool is_deceiving(char32_t code) {
  return code == 0x061C || code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF || (code >= 0xE0000 && code <= 0xE007F);
}

}  // namespace

std::string printable(std::string_view text, size_t most) {
  std::string out;
  size_t taken = 0;
  while (!text.empty()) {
    Character next = first_character(text);
    if (taken + next.length > most) return out + "…";
    if (!next.valid || next.code < 0x80) {
      bool plain = next.valid && !is_control(next.code);
      out +=
          plain ? std::string(1, text.front()) : fmt::format("\\x{:02x}", static_cast<uint32_t>(next.code));
    } else if (is_control(next.code) || is_deceiving(next.code)) {
      out += fmt::format("\\u{{{:x}}}", static_cast<uint32_t>(next.code));
    } else {
      out += text.substr(0, next.length);
    }
    taken += next.length;
    text.remove_prefix(next.length);
  }
  return out;
}

std::string quoted(std::string_view text) {
  return fmt::format("'{}'", printable(text));
}

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Character next = first_character(text);
    if (!next.valid) return false;
    text.remove_prefix(next.length);
  }
  return true;
}

std::optional<std::string> first_unprintable(std::string_view text) {
  while (!text.empty()) {
    Character next = first_character(text);
    std::string shown = printable(text.substr(0, next.length));
    if (!next.valid) return fmt::format("the byte {}, which is not UTF-8", shown);
    if (is_control(next.code)) return fmt::format("the control character {}", shown);
    if (is_deceiving(next.code)) return fmt::format("the invisible character {}", shown);
    text.remove_prefix(next.length);
  }
  return std::nullopt;
}

}  // namespace berth::policy
