// SPDX-License-Identifier: Apache-2.0
#pragma once
// Content as files and folders of this machine. It stands under its name when it is whole, or not at all.
//
// Foreign names never lead elsewhere: names with '/' or NUL and '.' and '..' are refused, and so are symlinks
// that could leave the folder. Nothing that is there is written over or through. One thread.

#include <atomic>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "providers/content/tree.h"

namespace berth::content {

inline constexpr uint64_t kMostEntries = 10'000'000;  // that are written at once

struct FolderOut {
  bool links = true;  // else symlinks are left out
  std::atomic<uint64_t>* bytes = nullptr;
};

/// Makes `path`, which isn't there. kInvalidArgument that names what can't be written, kNotFound for a block
/// that isn't there.
Result<void> write_tree(BlockSource& source, const Node& node, const std::string& path, const FolderOut& how);

/// Whether a symlink at this depth (0: at the top) stays within: not from the root, and '..' only in front,
/// no more often than it is deep.
bool stays_within(std::string_view target, unsigned depth);

}  // namespace berth::content
