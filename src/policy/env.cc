// SPDX-License-Identifier: Apache-2.0
#include "policy/env.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/invalid.h"
#include "policy/split.h"

namespace berth::policy {
namespace {

constexpr std::string_view kAny = "*";

/// Backslashes, then one star: what a value must be written with one backslash more.
bool looks_like_any(std::string_view value) {
  return value.ends_with('*') && value.find_first_not_of('\\') == value.size() - 1;
}

Result<std::string> parse_name(std::string_view name, Role role) {
  if (name == kAny && role == Role::kOwner) return std::string(name);
  if (name == kAny) return invalid(name, "is for an owner's rules only, name the variable");
  if (name.empty()) return fail(ErrorCode::kInvalidArgument, "the name of the variable is missing");
  bool plain = name.find_first_of(" \t*") == std::string_view::npos;
  if (!plain) return invalid(name, "is not the name of a variable");
  return std::string(name);
}

}  // namespace

Result<EnvGrant> parse_env(std::string_view extent, Role role) {
  auto parts = cut(extent, "=");
  EnvGrant grant{.name = BERTH_TRY(parse_name(parts ? parts->first : extent, role))};
  if (!parts || parts->second == kAny) return grant;
  if (grant.name == kAny) return invalid(extent, "sets every variable, name one");
  grant.kind = EnvValue::kGiven;
  grant.value = trimmed(parts->second);
  if (looks_like_any(grant.value)) grant.value.erase(0, 1);
  return grant;
}

std::string extent_text(const EnvGrant& grant) {
  if (grant.kind == EnvValue::kHost) return grant.name;
  return fmt::format("{}={}{}", grant.name, looks_like_any(grant.value) ? "\\" : "", grant.value);
}

bool contains(const EnvGrant& outer, const EnvGrant& inner) {
  if (outer.name != kAny && outer.name != inner.name) return false;
  return outer.kind == EnvValue::kHost || outer == inner;
}

std::optional<EnvGrant> narrow(const EnvGrant& asked, const EnvGrant& owner) {
  if (contains(owner, asked)) return asked;
  if (contains(asked, owner)) return owner;
  return std::nullopt;
}

}  // namespace berth::policy
