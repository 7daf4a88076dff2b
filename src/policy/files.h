// SPDX-License-Identifier: Apache-2.0
#pragma once
// The extent of `files`: one folder of this machine, or a volume, which is a folder that berth itself keeps
// under a name, or content by its hash, shown to the guest under a path of its own.
//
//   files HOST[:GUEST][:ro|:rw][:quota=SIZE][:files=COUNT]
//   files @NAME[:GUEST][:ro|:rw][:quota=SIZE][:files=COUNT]
//   files ipfs://CID[/PATH]:GUEST[:ro]
//
// Without access it is read-only. Without GUEST an absolute HOST keeps its path, and a relative one appears
// at `/` and its last name (`files ./data` is `files ./data:/data`, `files .` is `files .:/`); in an
// owner's rule a missing GUEST, as `*`, is any. A colon inside a path is written `\:`, a backslash `\\`.
// GUEST is made absolute and normal (`.` is `/`); it never holds `..`. `*` as HOST in an owner's rule, or in
// what a signer vouches for, is any folder: `files *:/data` holds what the guest sees at /data or below.
//
// A volume appears at `/NAME`, and has a quota of 64 MiB where it may be written to and nothing else is said;
// `@*` in an owner's rule is any of them. A folder whose name begins with `@` is written `./@name`. Volumes
// are no folders of the host's: no rule for a host path, `/` neither, holds one, nor the other way round.
//
// Content is written as in `content` grants (content.h), and only read; a missing GUEST and `ipfs://*` are
// for an owner's rules. No rule for a folder holds content, nor the other way round.
//
// Host paths are compared by their components as text: the caller makes them absolute and free of `..` and
// of links first. A host path that still holds `..` contains nothing and lies in nothing. A quota, in
// bytes or in files, belongs to `rw` grants only; each grant that an owner's rule bounds has it for itself.
//
// Pure; safe on any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/access.h"
#include "policy/role.h"

namespace berth::policy {

inline constexpr uint64_t kVolumeQuotaBytes = uint64_t{64} << 20;

struct FilesGrant {
  std::string volume;     // its name, without the `@`; "*" in an owner's rule: any; empty for a host path
  std::string host_path;  // as written; relative paths are the caller's to resolve, and where a volume lies;
                          // "*" in an owner's rule: any
  std::string content = {};  // "ipfs://CID/a"; "ipfs://*" in an owner's rule: any; else empty
  std::string guest_path;    // absolute and normal: "/" or "/a/b"; "*" in an owner's rule: any
  Access access = Access::kReadOnly;
  std::optional<uint64_t> quota_bytes;
  std::optional<uint64_t> quota_files;

  bool operator==(const FilesGrant&) const = default;
};

/// `[a-z0-9][a-z0-9._-]*`, at most 64 characters.
bool is_volume_name(std::string_view name);

Result<FilesGrant> parse_files(std::string_view extent, Role role);
std::string extent_text(const FilesGrant& grant);
bool contains(const FilesGrant& outer, const FilesGrant& inner);

/// What both allow, where that is one grant: never wider than either.
std::optional<FilesGrant> narrow(const FilesGrant& asked, const FilesGrant& owner);

/// `path` made absolute, without `.`, empty and trailing components; an error when it has `..`.
/// "data//x/." becomes "/data/x".
Result<std::string> normal_guest_path(std::string_view path);

/// The path from "/" on, with `..` taken as text; nothing when it climbs above "/".
std::optional<std::string> resolved_path(std::string_view path);

/// Whether `inner` is `outer` or lies below it, component by component. False when either holds `..`.
bool path_lies_in(std::string_view outer, std::string_view inner);

}  // namespace berth::policy
