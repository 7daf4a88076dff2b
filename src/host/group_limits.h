// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the kernel holds a process of modules to, as a whole: the wall behind berth's own limits. Those are
// exact and say who reached which; these leave room for all that an honest process may come to, so that they
// are reached only where one of berth's own doesn't hold.
//
// Pure; safe on any thread.

#include <cstdint>
#include <vector>

#include "base/os/control_group.h"
#include "host/berthing.h"
#include "policy/policy.h"

namespace berth::host {

/// A process with its modules loaded, before one of them runs.
struct GroupUse {
  std::vector<const policy::Policy*> modules;
  policy::Limits total;  // the owner's, of all modules on this machine
  Use use = Use::kOnce;
  uint64_t processors = 1;
  uint64_t connections = 0;           // of clients, at once
  uint64_t memory_bytes_now = 0;      // of its group
  uint64_t companions_bytes_now = 0;  // of its companions' group
};

/// Of the process itself.
GroupLimits group_limits(const GroupUse& use);

/// Of the process beside a server that compiles new versions.
GroupLimits companion_limits(const GroupUse& use);

}  // namespace berth::host
