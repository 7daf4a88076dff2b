// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a module can be called: a file, a registry's artifact, an address on the web, or what the store has by
// its digest.
//
//   ./file.wasm
//   oci://ghcr.io/shop/price:1.2              a tag; without one, latest
//   oci://ghcr.io/shop/price:^1.2             the highest version among the tags that stands for 1.2
//   oci://ghcr.io/shop/price@sha256:…         a manifest, which never changes
//   https://example.com/price.wasm            perhaps with #sha256:…, the digest of the module's bytes
//   ipfs://CID/price.wasm                     content by its hash, a file
//   sha256:…                                  a module of the store, by 8 or more of its digits
//
// `#sha256:…` behind an oci:// name picks one of several modules of an artifact. The grammar of repositories
// and tags is that of the OCI distribution specification 1.1. Pure; any thread.

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/digest.h"
#include "base/result.h"

namespace berth::registry {

struct FileName {
  std::string path;
};

struct OciName {
  std::string host;  // with its port, "localhost:5000"
  std::string repository;
  std::string tag;                 // empty with a digest
  std::optional<Digest> manifest;  // what stands behind '@'
  std::optional<Digest> module;    // what stands behind '#'

  /// What stands behind the repository in the registry's API.
  std::string reference() const;
};

struct WebName {
  std::string url;  // without what stands behind '#'
  std::optional<Digest> module;
};

struct ContentName {
  std::string path;  // "ipfs://CID/a", its CID of version 1 in base32
};

/// 8 to 64 lower-case hexadecimal digits.
struct StoreName {
  std::string digits;
};

using Name = std::variant<FileName, OciName, WebName, ContentName, StoreName>;

/// kInvalidArgument says what is wrong and what a name looks like. What has no scheme is a file.
Result<Name> parse_name(std::string_view text);

/// As it is kept and shown: `latest` is written out.
std::string to_text(const Name& name);

/// What a person calls the module: the last part of its path, without tag or ending.
std::string short_name(const Name& name);

/// Whether a text is no file's path.
bool has_scheme(std::string_view text);

/// Whether a tag is the wanted one, or a version that stands for it where that begins with '^'.
bool tag_fits(std::string_view tag, std::string_view wanted);

/// The highest of those that fit.
std::optional<std::string> highest_tag(const std::vector<std::string>& tags, std::string_view wanted);

/// "sha256:" and 64 digits.
std::optional<Digest> parse_digest(std::string_view text);

}  // namespace berth::registry
