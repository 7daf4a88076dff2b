// SPDX-License-Identifier: Apache-2.0
#pragma once
// A policy learned from what was used: grants for all uses, none more than is needed, and the file that says
// so, with the use behind each line.
//
// A use is a knock that was opened. `decide` is the judge: a set of grants fits when it allows every use, and
// is minimal when it wouldn't without any one of them. Pure; safe on any thread.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/exact.h"

namespace berth::policy {

/// How many exact paths of one origin stand in a policy before one prefix takes their place.
inline constexpr size_t kMostExactPaths = 8;
inline constexpr size_t kNeverWiden = static_cast<size_t>(-1);

/// `grants` put together where one says the same as several, and without those that no use needs. Beyond
/// `most_paths` paths of one origin they become their common folder, which is wider than what was used. The
/// order stays that of the first of each. What the grants don't allow together isn't allowed by the result.
std::vector<Grant> minimal(std::vector<Grant> grants, std::span<const Knock> uses,
                           size_t most_paths = kMostExactPaths);

/// One grant for several: the narrowest folder that holds both, for links and renames between them. Nothing
/// where the guest and this machine don't see the two below the same folder, or that would be "/"; nor for a
/// volume, or a folder with a quota of its own.
std::optional<Grant> folder_of_both(const Grant& one, const Grant& other);

/// "read /data/in.txt", "GET https://api.example.com/v1/x": safe to show.
std::string use_text(const Knock& use);

/// Where a grant opens more than was used, in words; empty where it is exact.
std::string widening_of(const Grant& grant);

/// What is written into a learned file beside its grants and limits.
struct LearnedNotes {
  std::vector<std::string> head;    // lines at the top
  std::vector<Grant> given;         // grants whose use can't be seen, kept as they were given
  std::vector<std::string> limits;  // lines above the limits
};

/// A policy file that `parse_policy` reads, each grant under a comment that names its uses.
std::string learned_toml(const Policy& policy, std::span<const Knock> uses, const LearnedNotes& notes);

}  // namespace berth::policy
