// SPDX-License-Identifier: Apache-2.0
#pragma once
// Files and folders of this machine on their way into blocks.
//
// Held are the entries of the folders on the way down to the file that is read. One thread, besides those of
// file_layout.h.

#include <atomic>
#include <cstdint>
#include <string>

#include "providers/content/file_layout.h"

namespace berth::content {

struct FolderIn {
  Profile profile;
  bool hidden = false;                     // also names that begin with a dot, within folders
  bool mode = false;                       // permissions are written down
  bool modified = false;                   // times of change are
  std::atomic<uint64_t>* bytes = nullptr;  // counts bytes of files, where somebody wants to know
};

/// A file, a folder with all that is in it, or a symlink, which isn't followed. kInvalidArgument for others,
/// and for folders more than 512 deep.
Result<Made> add_path(const std::string& path, const FolderIn& how, BlockSink& sink);

}  // namespace berth::content
