// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a module asks for, what others allow at most (who signed it, the owner of this host), and what
// remains.
//
//   grants = ["files ./data:/data:rw", "http.out https://api.example.com/v1/*"]
//   [limits]
//   memory = "64MiB"
//   cpu.time = "2s"
//
// The owner's file is written the same. There an absent `grants` bounds nothing, an empty one forbids all,
// and the name servers that berth asks may be named; without that, they are the system's:
//   dns.servers = ["10.0.0.53", "127.0.0.1:5353"]
// So may it be that nothing runs on a machine that can't put up the whole second wall:
//   second-wall = "require"
// What all modules may have together, and how far they give way, is `[total]` and `[priority]`:
// policy/host_budget.h.
//
// Host paths of files are compared as text: before `intersect` the caller makes them absolute, normal and
// free of links, in the asked grants as in the owner's. Pure; safe on any thread.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/grant.h"
#include "policy/host_budget.h"
#include "policy/limits.h"

namespace berth::policy {

/// Whose word a policy is made of.
enum class Party { kAsker, kClaims, kOwner };

/// "asked", "claims", "owner": as `--json` has it.
std::string_view party_name(Party party);
/// The party of that name; the asker where it is no name.
Party party_named(std::string_view name);

/// What was open before somebody's bounds took some of it away.
struct Narrowing {
  std::vector<Grant> before;
  Party party = Party::kOwner;  // whose bounds
  std::string source;           // where they are written

  bool operator==(const Narrowing&) const = default;
};

struct Policy {
  std::vector<Grant> grants;
  Limits limits;
  std::vector<Narrowing> narrowings = {};  // in turn, so that a refusal can say whose it is

  bool operator==(const Policy&) const = default;
};

/// Reads a policy. Errors begin with `file_name:line:column`; each grant's source is `file_name:line`.
Result<Policy> parse_policy(std::string_view toml_text, std::string_view file_name);

/// The most that a module may get, by the word of one party; what follows the limits is the owner's alone.
struct Bounds {
  std::optional<std::vector<Grant>> grants;  // absent: any
  Limits limits;
  std::vector<std::string> dns_servers;  // "10.0.0.53:53", "[::1]:5353"; none: the system's
  bool second_wall_required = false;
  HostBudget host;
  std::string source;  // the file's name; of claims, who vouches: "account 'shop' (AB…)"
  Party party = Party::kOwner;
};

Result<Bounds> parse_bounds(std::string_view toml_text, std::string_view file_name);

/// An asked grant that somebody's rules dropped or narrowed.
struct Cut {
  Grant asked;
  std::vector<Grant> kept;   // what is left of it; empty: nothing
  std::vector<Grant> rules;  // the rules that left it; empty: there is none
  Party party = Party::kOwner;
  std::string source;  // the owner's file, or who vouches
};

/// An asked limit that somebody's is below, as texts that `set_limit` reads.
struct Lowered {
  std::string_view name;
  std::string asked;
  std::string kept;
  Party party = Party::kOwner;
  std::string source;  // the owner's file, or who vouches
};

/// One line for a person.
std::string explain(const Cut& cut);
std::string explain(const Lowered& lowered);

/// The limits of one party.
struct PartyLimits {
  Limits limits;
  Party party = Party::kOwner;
  std::string source;
};

struct Effective {
  Policy policy;
  std::vector<Cut> cuts;
  std::vector<Lowered> lowered;
  std::vector<PartyLimits> limited_by;
  std::vector<std::string> dns_servers;  // the owner's; none: the system's
  bool second_wall_required = false;     // by the owner
  HostBudget host;                       // the owner's
  std::string owner_source;              // the owner's file
};

/// What is asked and allowed: never wider than either. A grant that an owner's rules allow in parts becomes
/// those parts; an overlap that no grant can express is dropped.
Effective intersect(const Policy& asked, const Bounds& owner);

/// The same with more bounds, each in turn before the owner's: a narrower rule inside a wider one survives,
/// whichever of them has it.
Effective intersect(const Policy& asked, std::span<const Bounds> claims, const Bounds& owner);

/// The policy as a file that `parse_policy` reads.
std::string to_toml(const Policy& policy);

}  // namespace berth::policy
