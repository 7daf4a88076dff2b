// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a registry has, as its lists, manifests and configs tell it: the artifacts that are modules, without
// the modules. Nobody has held what they say against a module's bytes; pulling does.
//
// A registry that nobody trusts is asked: lists, manifests and configs are bounded, names that are none are
// left out. Blocks on servers. Any thread; each call by itself.

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "registry/index.h"
#include "registry/origin.h"

namespace berth::registry {

struct Catalog {
  std::vector<Listed> modules;
  std::vector<std::string> unread;  // a line for each of which not everything is known, with why
  bool more = false;                // than are read: say more of the name, or a tag
};

struct CatalogOptions {
  OriginOptions origin = {};
  std::string tag = {};  // these alone, as `tag_fits` has them; empty: all
  /// The capabilities that a module's imports amount to.
  std::function<std::vector<std::string>(const Facts&)> needs = {};
  std::atomic<size_t>* read = nullptr;  // how many so far; perhaps nobody wants to know
};

/// The most artifacts that are read of one registry.
inline constexpr size_t kMostArtifacts = 2000;

/// `shelf` is "oci://HOST", or with what repositories begin with, "oci://HOST/shop". One whose registry
/// doesn't tell its repositories is taken for a repository. kInvalidArgument, or as `locate`.
Result<Catalog> read_catalog(std::string_view shelf, const CatalogOptions& options);

}  // namespace berth::registry
