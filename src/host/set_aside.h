// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a policy sets aside for one module on this machine before it starts: its volumes, the count of what it
// stores, and of the bytes that it sends and receives a day. Outlives the module's calls.
//
// Blocks. Any thread.

#include <memory>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/os/folder_lock.h"
#include "base/result.h"
#include "host/day_count.h"
#include "host/storage.h"
#include "policy/policy.h"

namespace berth::host {

struct SetAside {
  std::vector<FolderLock> volumes;   // nobody removes them meanwhile
  std::unique_ptr<Storage> storage;  // none where nothing is bounded
  std::unique_ptr<DayCount> day;     // none where a day isn't limited
};

/// For an anchored policy, which learns where its volumes lie.
Result<SetAside> set_aside(policy::Policy& policy, const std::string& state_folder, const Digest& module,
                           uint64_t guards_off = 0);

}  // namespace berth::host
