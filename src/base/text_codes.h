// SPDX-License-Identifier: Apache-2.0
#pragma once
// Bytes as text, and back (RFC 4648): base32 of keys and base64url of tokens (sections 6 and 5), both without
// padding and read strictly: each sequence of bytes has one text, so a text that was changed is another. And
// base64 of passwords (section 4). And percents of URLs.
//
// Pure; safe on any thread.

#include <optional>
#include <string>
#include <string_view>

namespace berth {

std::string to_base32(std::string_view bytes);
/// Nothing where a character, the length or the bits behind the last byte are wrong.
std::optional<std::string> from_base32(std::string_view text);

std::string to_base64url(std::string_view bytes);
/// The same.
std::optional<std::string> from_base64url(std::string_view text);

/// With padding.
std::string to_base64(std::string_view bytes);
/// With padding or without, whatever the bits behind the last byte. Nothing where a character or the length
/// is wrong.
std::optional<std::string> from_base64(std::string_view text);

/// As a part of a URL (RFC 3986): all but unreserved characters in percents.
std::string to_percent(std::string_view bytes);
/// Nothing where a percent sign isn't followed by two digits; other characters stay as they are.
std::optional<std::string> from_percent(std::string_view text);

}  // namespace berth
