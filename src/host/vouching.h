// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who vouches for a module that is to run, and what that leaves of any policy: its token, held against its
// bytes and against the files in which the owner of this machine says whom they trust.
//
// The bytes that a token was held against are handed on, and they are what is loaded: the file may be another
// one by then. Reads files. Any thread.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/os/user.h"
#include "base/result.h"
#include "base/unix_time.h"
#include "claims/trust.h"
#include "host/asked_policy.h"
#include "registry/module_file.h"
#include "registry/origin.h"

namespace berth::host {

/// What is asked for, unread.
struct AskedTrust {
  std::optional<std::string> file;  // --trust FILE
  bool require_signed = false;
};

/// The owner's trust.toml, where there is one, and what is asked for beside it: each has its say, so that no
/// file takes back what the owner's requires or revokes. Folders in it are anchored.
Result<std::vector<claims::Trust>> trusts_of(const AskedTrust& asked, const UserFolders& folders,
                                             const ReadText& read = read_policy_file);

/// What is known of one module.
struct Vouching {
  std::optional<claims::Chain> chain;        // none: it has no token
  std::vector<policy::Bounds> bounds;        // by the claims, and the most that was left to them
  std::optional<registry::ModuleFile> file;  // the bytes that the token is about
};

/// A module where it was found. A file that isn't there has no token, unless one is required. The errors name
/// the module.
Result<Vouching> vouch_for(const registry::Located& module, std::span<const claims::Trust> trusts,
                           uint64_t now = static_cast<uint64_t>(unix_seconds()));

/// Bytes that are in memory; without `file`.
Result<Vouching> vouch_for_bytes(std::string_view bytes, const std::string& name,
                                 std::span<const claims::Trust> trusts,
                                 uint64_t now = static_cast<uint64_t>(unix_seconds()));

/// What a token leaves whose module was held against it before, in another process of berth's. "": no token.
Result<std::vector<policy::Bounds>> bounds_again(const std::string& token, const std::string& name,
                                                 std::span<const claims::Trust> trusts,
                                                 uint64_t now = static_cast<uint64_t>(unix_seconds()));

}  // namespace berth::host
