// SPDX-License-Identifier: Apache-2.0
#pragma once
// A folder with all that lies below it, which a guest may have made as deep as it liked: one folder is open
// at a time. Links are entries like others, and never followed.
//
// POSIX. Any thread; blocks. Errors name the folder.

#include <cstdint>
#include <string>

#include "base/result.h"

namespace berth {

/// What lies below a folder, as storage is counted: each file once, whatever its names; folders and links are
/// files without bytes.
struct TreeSize {
  uint64_t bytes = 0;
  uint64_t files = 0;
};

/// kUnavailable also when folders are moved meanwhile.
Result<TreeSize> measure_tree(const std::string& path);

/// Removes the folder itself too. What is gone meanwhile is as good as removed.
Result<void> remove_tree(const std::string& path);

}  // namespace berth
