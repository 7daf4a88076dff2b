// SPDX-License-Identifier: Apache-2.0
#include "host/set_aside.h"

#include "host/volumes.h"

namespace berth::host {

Result<SetAside> set_aside(policy::Policy& policy, const std::string& state_folder, const Digest& module,
                           uint64_t guards_off) {
  SetAside made;
  made.volumes = BERTH_TRY(Volumes(state_folder).open(policy));
  if ((guards_off & engine::kGuardStorage) == 0) made.storage = BERTH_TRY(Storage::open(policy));
  if (const auto& bytes = policy.limits.network_bytes_per_day) {
    made.day = BERTH_TRY(DayCount::open(state_folder, module, *bytes));
  }
  return made;
}

}  // namespace berth::host
