// SPDX-License-Identifier: Apache-2.0
#include "host/advice.h"

#include <fmt/format.h>

namespace berth::host {

std::string times(uint64_t count) {
  return count == 1 ? "once" : fmt::format("{} times", count);
}

std::string how_to_raise(const policy::Effective& effective, std::string_view name, std::string_view option) {
  const auto kept = policy::limit_text(effective.policy.limits, name);
  for (const policy::PartyLimits& by : effective.limited_by) {
    const auto most = policy::limit_text(by.limits, name);
    if (!most || most != kept) continue;
    if (by.party == policy::Party::kClaims)
      return fmt::format("the claims of {} vouch for no more: '{}'", by.source, name);
    return fmt::format("the owner of this machine allows no more: '{}' in {}", name, by.source);
  }
  return fmt::format("raise it with {}", option);
}

std::string raised_to(const policy::Effective& effective, std::string_view name, std::string_view more) {
  return how_to_raise(effective, name, fmt::format("--limit {}={}", name, more));
}

}  // namespace berth::host
