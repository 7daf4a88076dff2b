// SPDX-License-Identifier: Apache-2.0
#pragma once
// Decisions about paths. The grant with the longest guest path that holds a path counts for it, as with
// folders mounted into each other.
//
// The path is resolved as text: `..` takes one component off. What links do to it is the door's to find
// out; it then knocks with `Reason::kEscape`. For this room only. Pure; safe on any thread.

#include "policy/decide.h"

namespace berth::policy {

Verdict decide_files(const Policy& policy, const Knock& knock);

}  // namespace berth::policy
