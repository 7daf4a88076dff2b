// SPDX-License-Identifier: Apache-2.0
#pragma once
// The control group that this process takes for itself, as the owner of the machine asks for it: its weight
// from the beginning, its limits once the modules are loaded. Without a group that is delegated to berth
// there is none, and berth's own limits hold alone.
//
// Main thread only.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/os/control_group.h"
#include "base/result.h"
#include "host/group_limits.h"
#include "policy/policy.h"

namespace berth::cli {

/// What to do for a group of berth's own.
std::string_view how_to_delegate();

/// Controllers without which the kernel doesn't hold what it should.
std::vector<std::string> missing_controllers(const std::vector<std::string>& there);

class OwnGroup {
 public:
  /// Of several modules the first one's word counts: they have one owner. kUnavailable when the owner
  /// requires a group and there is none to be had, or the kernel has no limits for it.
  Result<void> take(const policy::Priority& priority, const std::string& owner_source);

  /// What the process may have, and what its companions; in `use` all but what the groups have now. Before
  /// the second wall. kUnavailable when the owner requires it and it can't be set.
  Result<void> limit(host::GroupUse use);

  /// Before the process ends.
  void give_back() const;

 private:
  std::unique_ptr<ControlLeaf> leaf_;
  std::optional<policy::ControlGroupUse> asked_;  // none: it wasn't asked yet
  std::string owner_source_;
};

}  // namespace berth::cli
