// SPDX-License-Identifier: Apache-2.0
#pragma once
// What all modules of one user may have together on this machine, and how far they give way to everything
// else on it. Written by the owner, in host.toml:
//
//   [total]
//   memory = "4GiB"
//   cpu.share = "150%"
//   [priority]
//   nice = 10            # 0 to 19
//   io = "idle"          # or "normal"
//   pressure = "yield"   # or "ignore"
//   control-group = "use"  # or "off", "require"
//
// Pure; safe on any thread.

#include <array>
#include <optional>
#include <string_view>

#include "policy/limits.h"

namespace berth::policy {

/// The limits that can be set for all modules together.
inline constexpr std::array<std::string_view, 5> kTotalLimits{"memory", "cpu.share", "storage",
                                                              "storage.files", "network.connections"};

/// Whether berth takes a control group of its own: where it may, never, or it doesn't run.
enum class ControlGroupUse { kUse, kOff, kRequire };

struct Priority {
  int nice = 5;                    // of the system's scheduler: 0 is a program's usual one, 19 the last
  bool idle_io = true;             // disks serve others first
  bool yields_to_pressure = true;  // slows down while others wait for CPU, memory or disks
  ControlGroupUse control_group = ControlGroupUse::kUse;

  bool operator==(const Priority&) const = default;
};

struct HostBudget {
  Limits total;
  std::optional<Priority> priority;  // absent: as the use of it asks

  bool operator==(const HostBudget&) const = default;
};

}  // namespace berth::policy
