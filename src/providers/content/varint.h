// SPDX-License-Identifier: Apache-2.0
#pragma once
// Unsigned varints as multiformats have them (github.com/multiformats/unsigned-varint): seven bits a byte,
// the lowest first, at most nine bytes, and only the shortest way to write a number is one.
//
// Pure; safe on any thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth::content {

inline constexpr size_t kMostVarintBytes = 9;

/// Below 2^63.
void put_varint(std::string& bytes, uint64_t number);

/// Takes one from the front. Nothing where it is cut off, too long or not the shortest, and then nothing is
/// taken.
std::optional<uint64_t> take_varint(std::string_view& bytes);

}  // namespace berth::content
