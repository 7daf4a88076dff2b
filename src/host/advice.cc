// SPDX-License-Identifier: Apache-2.0
#include "host/advice.h"

#include <fmt/format.h>

namespace berth::host {

std::string times(uint64_t count) {
  return count == 1 ? "once" : fmt::format("{} times", count);
}

std::string how_to_raise(const policy::Effective& effective, std::string_view name, std::string_view option) {
  const auto owners = policy::limit_text(effective.owner_limits, name);
  if (!owners || owners != policy::limit_text(effective.policy.limits, name))
    return fmt::format("raise it with {}", option);
  return fmt::format("the owner of this machine allows no more: '{}' in {}", name, effective.owner_source);
}

std::string raised_to(const policy::Effective& effective, std::string_view name, std::string_view more) {
  return how_to_raise(effective, name, fmt::format("--limit {}={}", name, more));
}

}  // namespace berth::host
