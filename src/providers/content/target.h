// SPDX-License-Identifier: Apache-2.0
#pragma once
// Paths below a CID as guests and grants write them, in the one form in which the policy compares them: the
// CID of version 1, in base32.
//
// Pure; safe on any thread.

#include <string>
#include <string_view>

#include "base/result.h"
#include "providers/content/tree.h"

namespace berth::content {

/// A path as the policy reads it.
struct Target {
  std::string text;   // "ipfs://CID/a%20b", its CID of version 1 in base32
  ContentPath path;   // of "ipns://" the names alone: where it leads to isn't known yet
  bool name = false;  // whether it is one of "ipns://"
  std::string root;   // what stands behind the scheme
};
/// kInvalidArgument.
Result<Target> read_target(std::string_view text);

/// A CID as the policy reads it.
std::string policy_text(const Cid& cid);

}  // namespace berth::content
