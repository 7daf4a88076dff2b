// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether there is room for a module beside those that run: what it may have at most against what the owner
// gives to all of them together.
//
// Pure; safe on any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/counters.h"
#include "policy/policy.h"

namespace berth::host {

/// The most that a module may have: nothing where no limit says; 0 where no grant gives any.
struct Needs {
  std::optional<uint64_t> memory_bytes;
  std::optional<uint64_t> storage_bytes;
  std::optional<uint64_t> storage_files;
  std::optional<uint64_t> connections;

  bool operator==(const Needs&) const = default;
};

/// Of an effective policy.
Needs needs_of(const policy::Policy& policy);

/// A module that runs.
struct Resident {
  int64_t process = 0;
  std::string module;
  int64_t since_unix_seconds = 0;
  Needs set_aside;
  uint64_t cpu_basis_points = 0;  // of a core: what it may use just now
  uint64_t cpu_weight = 0;
  Counted counted = {};  // of its requests; zeros where it answers none
};

/// What is missing: a line for each limit of `total`, none when there is room. `at_rest` is what lies in
/// volumes that no module uses, nor is about to.
std::vector<std::string> shortages(const Needs& needs, const policy::Limits& total,
                                   const std::vector<Resident>& residents, const Needs& at_rest = {});

}  // namespace berth::host
