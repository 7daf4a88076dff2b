// SPDX-License-Identifier: Apache-2.0
#include "policy/verdict.h"

#include <fmt/format.h>

namespace berth::policy {

std::string cited(const Grant& grant) {
  return fmt::format("'{}' ({})", to_text(grant), grant.source);
}

Verdict allowed_by(const Grant& grant) {
  return {.decision = Decision::kAllow, .rule = cited(grant)};
}

Verdict denied(std::string rule, std::string suggestion) {
  bool readable = !suggestion.empty() && parse_grant(suggestion, "").has_value();
  return {.decision = Decision::kDeny,
          .rule = std::move(rule),
          .suggestion = readable ? std::move(suggestion) : ""};
}

std::string grant_text(Capability capability, Extent extent) {
  return to_text(Grant{.capability = capability, .extent = std::move(extent)});
}

}  // namespace berth::policy
