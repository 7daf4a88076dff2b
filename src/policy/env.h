// SPDX-License-Identifier: Apache-2.0
#pragma once
// The extent of `env`: one environment variable.
//
//   env KEY=value      this value; spaces around it are trimmed, all else is taken as it is
//   env KEY            the value that berth's own environment has, as `env KEY=*`; in an owner's rule: any
//   env *              owner's rules only: any variable
//
// The value `*` itself is written `\*`.
//
// Pure; safe on any thread.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/role.h"

namespace berth::policy {

enum class EnvValue {
  kGiven,  // the grant holds the value
  kHost,   // the host's own value; in an owner's rule: any value
};

struct EnvGrant {
  std::string name;  // "*" in an owner's rule: any
  EnvValue kind = EnvValue::kHost;
  std::string value;  // empty unless kGiven

  bool operator==(const EnvGrant&) const = default;
};

Result<EnvGrant> parse_env(std::string_view extent, Role role);
std::string extent_text(const EnvGrant& grant);
bool contains(const EnvGrant& outer, const EnvGrant& inner);
std::optional<EnvGrant> narrow(const EnvGrant& asked, const EnvGrant& owner);

}  // namespace berth::policy
