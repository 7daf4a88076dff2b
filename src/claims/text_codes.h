// SPDX-License-Identifier: Apache-2.0
#pragma once
// Bytes as text, and back: base32 of keys and base64url of tokens (RFC 4648, sections 6 and 5), both without
// padding. Reading is strict: each sequence of bytes has one text, so a text that was changed is another.
//
// Pure; safe on any thread.

#include <optional>
#include <string>
#include <string_view>

namespace berth::claims {

std::string to_base32(std::string_view bytes);
/// Nothing where a character, the length or the bits behind the last byte are wrong.
std::optional<std::string> from_base32(std::string_view text);

std::string to_base64url(std::string_view bytes);
/// The same.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace berth::claims
