// SPDX-License-Identifier: Apache-2.0
#pragma once
// Texts as one text, each behind its length: what two processes of berth's, on one machine, tell each other.
//
// Pure; safe on any thread.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace berth {

using Fields = std::vector<std::string>;

std::string pack(std::span<const std::string> fields);

/// Nothing when it is cut off.
std::optional<Fields> unpack(std::string_view packed);

/// A field that is a number; 0 when it isn't one.
uint64_t number_of(std::string_view field);

}  // namespace berth
