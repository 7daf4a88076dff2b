// SPDX-License-Identifier: Apache-2.0
#pragma once
// The known word that somebody probably meant, for "did you mean" in errors.
//
// Pure; safe on any thread.

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace berth::policy {

/// The known word with the fewest slips from `word` (a letter too many, too few, wrong, or two swapped), or
/// one that begins with it; nothing when all are far.
std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known);

/// ", did you mean 'x'", or a list of what is known, to put behind "'word' is not a …".
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);

}  // namespace berth::policy
