// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a module that is served can be given by a policy that was changed meanwhile, and what only a restart
// gives it: what is set aside for it when it starts (memory, storage, network, its share of the CPU), and
// what the second wall keeps out of reach.
//
// Looks at names, opens nothing. Any thread that doesn't race with a change of the environment.

#include <optional>
#include <string>

#include "base/os/wall.h"
#include "policy/policy.h"

namespace berth::host {

/// Why `after` needs a restart; nothing when it doesn't. Both are anchored, `before` has its volumes; `after`
/// gets theirs from it. `wall` is the one that this process is behind.
std::optional<std::string> needs_restart(const policy::Policy& before, policy::Policy& after,
                                         const WallPlan& wall);

}  // namespace berth::host
