// SPDX-License-Identifier: Apache-2.0
#pragma once
// The policy's answers to a guest's doors, and what it was refused: collected while it runs, looked at once
// it has ended.
//
// `Denials` is asked by the engine's threads and never makes them wait for more than a short copy: the same
// refusal again only counts up, and beyond `kMostEntries` different ones only their number is kept. A guest
// chooses what it asks for, so it chooses these texts, within their bounds.

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "engine/guest.h"
#include "policy/decide.h"

namespace berth::host {

/// What a guest asks for, as the policy reads it.
policy::Knock knock_of(const engine::Knock& knock);

/// One refusal, as it is shown and kept.
struct Denial {
  std::string capability;                       // "files"
  std::string operation;                        // "open-read"
  std::string target;                           // "/etc/passwd"
  std::string method;                           // of a request: "GET"
  std::string rule;                             // what was missing
  std::string suggestion;                       // the grant that would allow it; may be empty
  std::string line;                             // all of it for a person
  uint64_t count = 0;                           // how often
  policy::Party party = policy::Party::kAsker;  // whose word it is
  bool probe = false;                           // a look for something that isn't on this machine either
  policy::Knock knock;                          // what was asked, as the policy reads it; not kept

  bool operator==(const Denial&) const = default;
};

class Denials final : public engine::DoorKeeper {
 public:
  static constexpr size_t kMostEntries = 1000;
  static constexpr size_t kLongestTarget = 1024;

  /// `policy` outlives this.
  explicit Denials(const policy::Policy& policy) : policy_(policy) {}

  bool ask(const engine::Knock& knock) noexcept override;

  /// What was refused, in the order of the first time. Looks at this machine's files to tell probes. Once the
  /// call has ended.
  std::vector<Denial> collect() const;

  /// Refusals that came when the list was full.
  uint64_t unlisted() const;

  /// How often something was refused. Any thread.
  uint64_t total() const {
    return total_;
  }

 private:
  struct Seen {
    size_t order = 0;
    uint64_t count = 0;
    std::string resolved_from;  // the name that gave the guest the address
    policy::Reason reason = policy::Reason::kNoGrant;
    policy::Verdict verdict;  // where the policy decided
  };
  /// Without what may be secret in a URL.
  struct Key {
    policy::Capability capability;
    std::string operation;
    std::string target;
    std::string method;
    std::string resolved_to;
    auto operator<=>(const Key&) const = default;
  };

  void record(const policy::Knock& knock, const policy::Verdict& verdict);

  const policy::Policy& policy_;
  std::atomic<uint64_t> total_ = 0;
  mutable std::mutex lock_;
  std::map<Key, Seen> seen_;  // guarded by lock_
  uint64_t unlisted_ = 0;     // guarded by lock_
};

}  // namespace berth::host
