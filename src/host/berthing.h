// SPDX-License-Identifier: Apache-2.0
#pragma once
// From a policy to what a guest is given: the policy's grants and limits, made real on this machine.
//
// A module's memory limit is one budget. Part of it is kept for what the host holds on the guest's behalf:
// `kHandleBytes` for each handle that it may have open and the bytes that one host call may copy out; both
// grow with the limit. The rest is for linear memories, tables and GC heaps.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "engine/guest.h"
#include "policy/policy.h"

namespace berth::host {

inline constexpr uint64_t kDefaultMemoryBytes = uint64_t{1} << 30;
inline constexpr uint64_t kLeastMemoryBytes = uint64_t{1} << 20;
inline constexpr uint64_t kHandleBytes = 1024;

/// How a memory limit is divided.
struct MemoryShares {
  uint64_t handles = 0;
  uint64_t host_buffer_bytes = 0;
  uint64_t guest_bytes = 0;  // what the guest's memories, tables and heaps may have

  uint64_t reserve_bytes() const {
    return handles * kHandleBytes + host_buffer_bytes;
  }
};

MemoryShares share_memory(uint64_t limit_bytes);

/// Makes each `files` grant's host path absolute and free of links, relative ones from `base_folder`. Where
/// volumes lie is said later, when it is known which of them the owner allows (volumes.h). kNotFound names
/// the grant whose folder isn't there.
Result<void> anchor(policy::Policy& policy, const std::string& base_folder);

/// The same for the owner's rules; a folder that isn't there bounds by its name.
void anchor(policy::Bounds& bounds, const std::string& base_folder);

/// The CIDs of its rules in the form in which they are asked about; no file is looked at.
void settle_content(policy::Bounds& bounds);

/// A call at a time, or as many requests at once as come: then the limit on instances means something.
enum class Use { kOnce, kServed };

/// A guest for an anchored policy, without `args` and what is lent. kUnsupported names what this berth
/// can't hold yet: a limit that is asked for holds or the run doesn't start.
Result<engine::Guest> guest_for(const policy::Policy& policy, Use use = Use::kOnce);

}  // namespace berth::host
