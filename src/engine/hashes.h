// SPDX-License-Identifier: Apache-2.0
#pragma once
// The engine's fast hashes, which compiled images are found by and authenticated with. Any thread.

#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"

namespace berth::engine {

/// A hash that tells modules apart, many times faster than their digest: 64 hexadecimal digits.
std::string content_hash(std::string_view bytes);
Result<std::string> content_hash_of_file(const std::string& path);

/// The BLAKE3 of bytes.
Digest blake3(std::string_view bytes);

/// Keyed hash over `name` and `image`, which authenticates a compiled image. `key` is 32 bytes.
std::string image_tag(std::string_view key, std::string_view name, std::string_view image);

}  // namespace berth::engine
