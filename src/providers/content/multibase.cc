// SPDX-License-Identifier: Apache-2.0
#include "providers/content/multibase.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/text_codes.h"

namespace berth::content {
namespace {

constexpr size_t kMostText = 1024;
constexpr std::string_view kBase58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr std::string_view kBase36 = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kBase16 = "0123456789abcdef";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

/// The bytes as one large number, in digits of the alphabet; each zero byte in front is a zero digit.
std::string as_number(std::string_view bytes, std::string_view alphabet) {
  std::vector<uint32_t> digits;  // the lowest first
  const auto radix = static_cast<uint32_t>(alphabet.size());
  for (const char byte : bytes) {
    uint32_t carry = static_cast<uint8_t>(byte);
    for (uint32_t& digit : digits) {
      carry += digit << 8U;
      digit = carry % radix;
      carry /= radix;
    }
    for (; carry > 0; carry /= radix) digits.push_back(carry % radix);
  }
  const size_t zeros = std::min(bytes.find_first_not_of('\0'), bytes.size());
  std::string text(zeros, alphabet[0]);
  for (size_t i = digits.size(); i > 0; --i) text += alphabet[digits[i - 1]];
  return text;
}

std::optional<std::string> from_number(std::string_view text, std::string_view alphabet) {
  std::vector<uint32_t> bytes;  // the lowest first
  const auto radix = static_cast<uint32_t>(alphabet.size());
  for (const char character : text) {
    const size_t value = alphabet.find(character);
    if (value == std::string_view::npos) return std::nullopt;
    auto carry = static_cast<uint32_t>(value);
    for (uint32_t& byte : bytes) {
      carry += byte * radix;
      byte = carry & 0xffU;
      carry >>= 8U;
    }
    for (; carry > 0; carry >>= 8U) bytes.push_back(carry & 0xffU);
  }
  const size_t zeros = std::min(text.find_first_not_of(alphabet[0]), text.size());
  std::string result(zeros, '\0');
  for (size_t i = bytes.size(); i > 0; --i) result += static_cast<char>(bytes[i - 1]);
  return result;
}

std::string to_hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    text += kBase16[static_cast<uint8_t>(byte) >> 4U];
    text += kBase16[static_cast<uint8_t>(byte) & 15U];
  }
  return text;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (size_t i = 0; i < text.size(); i += 2) {
    const size_t high = kBase16.find(text[i]);
    const size_t low = kBase16.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    bytes += static_cast<char>(high << 4U | low);
  }
  return bytes;
}

/// All letters made those of the other case; nothing where one is of that already.
std::optional<std::string> changed_case(std::string_view text, char (*to)(char)) {
  std::string changed(text);
  for (char& c : changed) {
    const char other = to(c);
    if (other == c && lower(c) != upper(c)) return std::nullopt;
    c = other;
  }
  return changed;
}

std::optional<std::string> decoded(char prefix, std::string_view text) {
  switch (prefix) {
    case 'b':
      if (const auto capitals = changed_case(text, upper)) return from_base32(*capitals);
      return std::nullopt;
    case 'B':
      return from_base32(text);
    case 'k':
      return from_number(text, kBase36);
    case 'K':
      if (const auto small = changed_case(text, lower)) return from_number(*small, kBase36);
      return std::nullopt;
    case 'f':
      return from_hex(text);
    case 'F':
      if (const auto small = changed_case(text, lower)) return from_hex(*small);
      return std::nullopt;
    case 'z':
      return from_number(text, kBase58);
    case 'u':
      return from_base64url(text);
    default:
      return std::nullopt;
  }
}

std::unexpected<Error> too_long(std::string_view text) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("a text of {} characters is no CID: they have {} at most", text.size(), kMostText));
}

}  // namespace

std::string to_multibase(Base base, std::string_view bytes) {
  std::string text(1, static_cast<char>(base));
  switch (base) {
    case Base::kBase16:
      return text + to_hex(bytes);
    case Base::kBase32:
      text += to_base32(bytes);
      std::ranges::transform(text, text.begin(), lower);
      return text;
    case Base::kBase36:
      return text + as_number(bytes, kBase36);
    case Base::kBase58Btc:
      return text + as_number(bytes, kBase58);
    case Base::kBase64Url:
      return text + to_base64url(bytes);
  }
  return text;
}

Result<std::string> from_multibase(std::string_view text) {
  if (text.size() > kMostText) return too_long(text);
  if (text.empty()) return fail(ErrorCode::kInvalidArgument, "an empty text is no CID");
  if (std::string_view("bBkKfFzu").find(text[0]) == std::string_view::npos)
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("'{}' begins with no alphabet that is known: base32 (b), base36 (k), base58btc (z), "
                    "base64url (u) or base16 (f)",
                    text));
  auto bytes = decoded(text[0], text.substr(1));
  if (!bytes)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' has a character or a length that its alphabet doesn't have", text));
  return *std::move(bytes);
}

std::string to_base58btc(std::string_view bytes) {
  return as_number(bytes, kBase58);
}

Result<std::string> from_base58btc(std::string_view text) {
  if (text.size() > kMostText) return too_long(text);
  auto bytes = from_number(text, kBase58);
  if (!bytes)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' has a character that base58 doesn't have", text));
  return *std::move(bytes);
}

}  // namespace berth::content
