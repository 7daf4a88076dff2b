// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a process that runs a guest still has to reach: the folders that the guest is granted, and of what
// berth itself opens later no more than the grants can make it open. A compiled module is mapped by then.
//
// Looks at names, opens nothing. Any thread that doesn't race with a change of the environment.

#include <string>
#include <vector>

#include "base/os/wall.h"
#include "policy/policy.h"

namespace berth::host {

/// For an anchored policy. `own` are folders that berth writes in after the run.
WallPlan wall_for(const policy::Policy& policy, std::vector<std::string> own);

}  // namespace berth::host
