// SPDX-License-Identifier: Apache-2.0
#pragma once
// What kind of bytes a file has, as HTTP says it: by its name, or by how it begins.
//
// Pure; safe on any thread.

#include <optional>
#include <string_view>

namespace berth::content {

/// How much of a file's beginning is looked at.
inline constexpr size_t kLookedAt = 512;

/// "text/html; charset=utf-8", by the name alone; nothing where that doesn't say it.
std::optional<std::string_view> media_type_of_name(std::string_view filename);
/// "application/octet-stream" where it isn't known.
std::string_view media_type(std::string_view filename, std::string_view beginning);

}  // namespace berth::content
