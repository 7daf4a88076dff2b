// SPDX-License-Identifier: Apache-2.0
#pragma once
// The parts that every decision is made of: finding the grant that fits, and wording the answer.
//
// For this room only. Pure; safe on any thread.

#include <string>
#include <string_view>
#include <variant>

#include "policy/decide.h"

namespace berth::policy {

inline constexpr std::string_view kNothingCovers = "no grant covers it";

/// The first grant with an extent of that kind which fits; null when none does.
template <class ExtentKind, class Fits>
const Grant* find_grant(const Policy& policy, const Fits& fits) {
  for (const Grant& grant : policy.grants) {
    const auto* extent = std::get_if<ExtentKind>(&grant.extent);
    if (extent != nullptr && fits(*extent)) return &grant;
  }
  return nullptr;
}

/// "'files ./data:/data:ro' (p.toml:4)".
std::string cited(const Grant& grant);

Verdict allowed_by(const Grant& grant);

/// `suggestion` is dropped unless it reads as a grant: what a guest asks for may be no such thing.
Verdict denied(std::string rule, std::string suggestion);

/// A grant as text, from its parts.
std::string grant_text(Capability capability, Extent extent);

}  // namespace berth::policy
