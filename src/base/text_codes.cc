// SPDX-License-Identifier: Apache-2.0
#include "base/text_codes.h"

#include <array>
#include <charconv>
#include <cstdint>

namespace berth {
namespace {

constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr uint8_t kNone = 0xff;

/// How the bits behind the last byte have to be: 0, or as they like.
enum class Ends { kExactly, kAnyhow };

/// What each character stands for.
constexpr std::array<uint8_t, 256> values_of(std::string_view alphabet) {
  std::array<uint8_t, 256> values{};
  values.fill(kNone);
  for (size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<uint8_t>(i);
  }
  return values;
}

constexpr auto kBase32Values = values_of(kBase32);
constexpr auto kBase64Values = values_of(kBase64);
constexpr auto kBase64UrlValues = values_of(kBase64Url);

std::string encoded(std::string_view bytes, std::string_view alphabet, unsigned bits) {
  std::string text;
  text.reserve(bytes.size() * 8 / bits + 1);
  uint32_t held = 0;
  unsigned count = 0;
  for (const char byte : bytes) {
    held = held << 8U | static_cast<uint8_t>(byte);
    for (count += 8; count >= bits; count -= bits)
      text += alphabet[held >> (count - bits) & ((1U << bits) - 1)];
    held &= (1U << count) - 1;
  }
  if (count > 0) text += alphabet[held << (bits - count) & ((1U << bits) - 1)];
  return text;
}

std::optional<std::string> decoded(std::string_view text, const std::array<uint8_t, 256>& values,
                                   unsigned bits, Ends ends) {
  std::string bytes;
  bytes.reserve(text.size() * bits / 8);
  uint32_t held = 0;
  unsigned count = 0;
  for (const char character : text) {
    const uint8_t value = values[static_cast<unsigned char>(character)];
    if (value == kNone) return std::nullopt;
    held = held << bits | value;
    count += bits;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(held >> count & 0xffU);
    held &= (1U << count) - 1;
  }
  // A whole character that adds nothing, or bits that no byte has.
  if (count >= bits || (held != 0 && ends == Ends::kExactly)) return std::nullopt;
  return bytes;
}

}  // namespace

std::string to_base32(std::string_view bytes) {
  return encoded(bytes, kBase32, 5);
}

std::optional<std::string> from_base32(std::string_view text) {
  return decoded(text, kBase32Values, 5, Ends::kExactly);
}

std::string to_base64url(std::string_view bytes) {
  return encoded(bytes, kBase64Url, 6);
}

std::optional<std::string> from_base64url(std::string_view text) {
  return decoded(text, kBase64UrlValues, 6, Ends::kExactly);
}

std::string to_base64(std::string_view bytes) {
  std::string text = encoded(bytes, kBase64, 6);
  while (text.size() % 4 != 0) text += '=';
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  return decoded(text, kBase64Values, 6, Ends::kAnyhow);
}

std::string to_percent(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                            std::string_view("-._~").contains(c);
    if (unreserved) {
      text += c;
    } else {
      text += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return text;
}

std::optional<std::string> from_percent(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      bytes += text[i];
      continue;
    }
    const std::string_view digits = text.substr(i + 1, 2);
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2) return std::nullopt;
    bytes += static_cast<char>(byte);
    i += 2;
  }
  return bytes;
}

}  // namespace berth
