// SPDX-License-Identifier: Apache-2.0
#include "policy/named.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/invalid.h"
#include "policy/split.h"

namespace berth::policy {
namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-' || c == '/';
}

Result<std::string> parse_name(std::string_view text) {
  if (text.empty()) return fail(ErrorCode::kInvalidArgument, "the name is missing");
  std::string_view stem = text.ends_with('*') ? text.substr(0, text.size() - 1) : text;
  if (stem.contains('*')) return invalid(text, "has a '*' in the wrong place, it can only stand at the end");
  if (!std::ranges::all_of(stem, is_name_character)) {
    return invalid(text, "is not a name, use letters, digits, '.', '_', '-' and '/'");
  }
  return std::string(text);
}

struct NameAndAccess {
  std::string name;
  Access access = Access::kReadWrite;
};

Result<NameAndAccess> parse_name_and_access(std::string_view extent) {
  auto parts = cut(extent, ":");
  NameAndAccess read{.name = BERTH_TRY(parse_name(parts ? parts->first : extent))};
  if (!parts) return read;
  auto access = parse_access(parts->second);
  if (!access) return invalid(parts->second, "is not an access, use 'ro' or 'rw'");
  read.access = *access;
  return read;
}

/// Two patterns are either nested or apart.
std::optional<std::string> narrower(const std::string& left, const std::string& right) {
  if (name_lies_in(right, left)) return left;
  if (name_lies_in(left, right)) return right;
  return std::nullopt;
}

}  // namespace

bool name_lies_in(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return pattern == name;
  return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

Result<KeyvalueGrant> parse_keyvalue(std::string_view extent) {
  NameAndAccess read = BERTH_TRY(parse_name_and_access(extent));
  return KeyvalueGrant{.store = std::move(read.name), .access = read.access};
}

std::string extent_text(const KeyvalueGrant& grant) {
  return fmt::format("{}:{}", grant.store, access_name(grant.access));
}

bool contains(const KeyvalueGrant& outer, const KeyvalueGrant& inner) {
  return name_lies_in(outer.store, inner.store) && inner.access <= outer.access;
}

std::optional<KeyvalueGrant> narrow(const KeyvalueGrant& asked, const KeyvalueGrant& owner) {
  auto name = narrower(asked.store, owner.store);
  if (!name) return std::nullopt;
  return KeyvalueGrant{.store = std::move(*name), .access = weaker(asked.access, owner.access)};
}

Result<BlobstoreGrant> parse_blobstore(std::string_view extent) {
  NameAndAccess read = BERTH_TRY(parse_name_and_access(extent));
  return BlobstoreGrant{.container = std::move(read.name), .access = read.access};
}

std::string extent_text(const BlobstoreGrant& grant) {
  return fmt::format("{}:{}", grant.container, access_name(grant.access));
}

bool contains(const BlobstoreGrant& outer, const BlobstoreGrant& inner) {
  return name_lies_in(outer.container, inner.container) && inner.access <= outer.access;
}

std::optional<BlobstoreGrant> narrow(const BlobstoreGrant& asked, const BlobstoreGrant& owner) {
  auto name = narrower(asked.container, owner.container);
  if (!name) return std::nullopt;
  return BlobstoreGrant{.container = std::move(*name), .access = weaker(asked.access, owner.access)};
}

Result<SecretGrant> parse_secret(std::string_view extent) {
  return SecretGrant{.name = BERTH_TRY(parse_name(extent))};
}

std::string extent_text(const SecretGrant& grant) {
  return grant.name;
}

bool contains(const SecretGrant& outer, const SecretGrant& inner) {
  return name_lies_in(outer.name, inner.name);
}

std::optional<SecretGrant> narrow(const SecretGrant& asked, const SecretGrant& owner) {
  auto name = narrower(asked.name, owner.name);
  if (!name) return std::nullopt;
  return SecretGrant{.name = std::move(*name)};
}

}  // namespace berth::policy
