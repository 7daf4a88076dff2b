// SPDX-License-Identifier: Apache-2.0
#pragma once
// Text from strangers, made safe to show: no control characters (a terminal obeys them), no invisible
// direction marks (they reorder what is read), no broken UTF-8, no endless lines.
//
// Pure; safe on any thread.

#include <optional>
#include <string>
#include <string_view>

namespace berth::policy {

/// `text` with every such character as `\x1b` or `\u{202e}`, cut after `most` bytes with "…".
std::string printable(std::string_view text, size_t most = 200);

/// `printable` in single quotes, for messages.
std::string quoted(std::string_view text);

/// `text` in single quotes that a POSIX shell reads back to `text`, which must be plain.
std::string shell_quoted(std::string_view text);

/// The first thing in `text` that isn't plain, for a message: "the control character \x1b"; nothing when all
/// is.
std::optional<std::string> first_unprintable(std::string_view text);

bool is_utf8(std::string_view text);

}  // namespace berth::policy
