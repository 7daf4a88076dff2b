// SPDX-License-Identifier: Apache-2.0
#pragma once
// Paths as POSIX has them, below a directory of content that a module sees as a folder: '.', '..' and
// symlinks are followed, and none of them leads out of the directory.
//
// Pure but for the source. One thread.

#include <string_view>

#include "base/result.h"
#include "providers/content/tree.h"

namespace berth::content {

enum class LastLink { kFollowed, kKept };

inline constexpr int kMostLinks = 40;  // that one path may lead through, as on Linux

/// Where a path from `root` leads. kNotFound for a name that isn't there, kDenied where it leads out,
/// kInvalidArgument for what can't be passed through, kLimit for more than kMostLinks symlinks.
Result<Node> follow(BlockSource& source, const Cid& root, std::string_view path, LastLink last);

}  // namespace berth::content
