// SPDX-License-Identifier: Apache-2.0
#pragma once
// The extents of the doors that open something by its name: `keyvalue`, `blobstore` and `secret`.
//
//   keyvalue  cache[:ro|:rw]        blobstore photos[:ro|:rw]        secret API_TOKEN
//
// Stores belong to the module's berth, not to the machine's user, so that without access they are `rw`.
// A name that ends in `*` is a prefix; `*` alone is any.
//
// Pure; safe on any thread.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/access.h"

namespace berth::policy {

struct KeyvalueGrant {
  std::string store;
  Access access = Access::kReadWrite;

  bool operator==(const KeyvalueGrant&) const = default;
};

struct BlobstoreGrant {
  std::string container;
  Access access = Access::kReadWrite;

  bool operator==(const BlobstoreGrant&) const = default;
};

struct SecretGrant {
  std::string name;

  bool operator==(const SecretGrant&) const = default;
};

Result<KeyvalueGrant> parse_keyvalue(std::string_view extent);
std::string extent_text(const KeyvalueGrant& grant);
bool contains(const KeyvalueGrant& outer, const KeyvalueGrant& inner);
std::optional<KeyvalueGrant> narrow(const KeyvalueGrant& asked, const KeyvalueGrant& owner);

Result<BlobstoreGrant> parse_blobstore(std::string_view extent);
std::string extent_text(const BlobstoreGrant& grant);
bool contains(const BlobstoreGrant& outer, const BlobstoreGrant& inner);
std::optional<BlobstoreGrant> narrow(const BlobstoreGrant& asked, const BlobstoreGrant& owner);

Result<SecretGrant> parse_secret(std::string_view extent);
std::string extent_text(const SecretGrant& grant);
bool contains(const SecretGrant& outer, const SecretGrant& inner);
std::optional<SecretGrant> narrow(const SecretGrant& asked, const SecretGrant& owner);

/// Whether `name`, or the pattern that it is, lies in `pattern`: equal, or below a prefix that ends in `*`.
bool name_lies_in(std::string_view pattern, std::string_view name);

}  // namespace berth::policy
