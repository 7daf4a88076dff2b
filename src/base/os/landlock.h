// SPDX-License-Identifier: Apache-2.0
#pragma once
// Landlock: files and TCP that this process can't reach any more. Linux only, and only where the kernel has
// it: every version of its interface from 1 to 6 is used as far as it goes.

#include "base/os/wall.h"
#include "base/result.h"

namespace berth {

/// The version of the kernel's interface, at most the newest that is known here. kUnsupported says why there
/// is none.
Result<int> landlock_version();

/// Restricts the calling thread and all that it starts; the version that was used. Needs no_new_privs.
Result<int> raise_landlock(const WallPlan& plan);

}  // namespace berth
