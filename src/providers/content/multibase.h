// SPDX-License-Identifier: Apache-2.0
#pragma once
// Bytes as text that says its own alphabet by its first character (github.com/multiformats/multibase): those
// that CIDs and names of IPNS come in. Read strictly: bits behind the last byte are zero.
//
// Pure; safe on any thread.

#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::content {

enum class Base : char {
  kBase16 = 'f',
  kBase32 = 'b',
  kBase36 = 'k',
  kBase58Btc = 'z',
  kBase64Url = 'u',
};

/// With the character in front.
std::string to_multibase(Base base, std::string_view bytes);

/// Texts of up to 1024 characters; base16, base32 and base36 in either case, as their first character says.
/// kInvalidArgument.
Result<std::string> from_multibase(std::string_view text);

/// Without the character in front: CIDs of version 0 are written so.
std::string to_base58btc(std::string_view bytes);
Result<std::string> from_base58btc(std::string_view text);

}  // namespace berth::content
