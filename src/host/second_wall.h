// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a process that runs a guest still has to reach: the folders that the guest is granted, and of what
// berth itself opens later no more than the grants can make it open. A compiled module is mapped by then.
//
// Looks at names, opens nothing. Any thread that doesn't race with a change of the environment.

#include <cstdint>
#include <string>
#include <vector>

#include "base/os/wall.h"
#include "policy/policy.h"

namespace berth::host {

/// For an anchored policy. `own` are folders that berth writes in after the run.
WallPlan wall_for(const policy::Policy& policy, std::vector<std::string> own);

/// A server that berth itself connects to, behind the wall.
struct OwnServer {
  uint16_t port = 0;
  bool machines_roots = false;  // it is trusted by the certificates of this machine
};

/// Lets that server stay within reach, and no other port.
void let_reach(WallPlan& plan, const OwnServer& server);

/// Lets servers on the network stay within reach, which berth itself asks for a guest.
void let_reach_network(WallPlan& plan);

}  // namespace berth::host
