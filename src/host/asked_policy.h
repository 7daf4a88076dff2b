// SPDX-License-Identifier: Apache-2.0
#pragma once
// The policy of one module: what a command line, a policy file or a program ask for, cut to what the owner of
// this machine allows.
//
// Reads files. Any thread that doesn't race with a change of the environment or of the current folder.

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/os/user.h"
#include "base/result.h"
#include "policy/policy.h"

namespace berth::host {

/// What is asked for, unread.
struct AskedPolicy {
  std::optional<std::string> policy_file;
  std::vector<std::string> grants;   // --grant TEXT
  std::vector<std::string> folders;  // --dir HOST[:GUEST][:ro|:rw]
  std::vector<std::string> env;      // --env KEY[=VALUE]
  std::vector<std::string> limits;   // --limit NAME=VALUE
  std::optional<std::string> memory;
  std::optional<std::string> cpu_time;
  std::optional<std::string> wall;
  bool activity = false;                // --activity: all that there is to tell
  policy::Limits values;                // limits that are numbers already
  bool streams = true;                  // the standard ones are asked for, as any command has them
  std::string source = "command line";  // of all but the file
};

/// How a policy's file is read: kNotFound where there is none.
using ReadText = std::function<Result<std::string>(const std::string& path)>;
Result<std::string> read_policy_file(const std::string& path);

/// Reads, anchors and combines.
Result<policy::Effective> effective_policy(const AskedPolicy& asked, std::span<const policy::Bounds> claims,
                                           const UserFolders& folders,
                                           const ReadText& read = read_policy_file);

/// What is asked for alone, read and anchored.
Result<policy::Policy> asked_policy(const AskedPolicy& asked, const ReadText& read = read_policy_file);

/// What remains of it under what was vouched for, if anything was, and the owner's word. A module always has
/// a memory limit.
policy::Effective bounded(const policy::Policy& asked, std::span<const policy::Bounds> claims,
                          const policy::Bounds& owner);

/// What the owner of this machine allows: host.toml. Without the file, all.
Result<policy::Bounds> owners_bounds(const UserFolders& folders, const ReadText& read = read_policy_file);

/// The same from a file that has to be there.
Result<policy::Bounds> bounds_of(const std::string& file, const ReadText& read = read_policy_file);

}  // namespace berth::host
