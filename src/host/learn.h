// SPDX-License-Identifier: Apache-2.0
#pragma once
// What `berth run --learn` has learned: the doors that are open, the uses that opened them, and what to make
// of the next knock.
//
// A program is run in rounds, each from its beginning, with the doors that are open so far. Of what a round
// was refused one line is opened, the first that is agreed to, before the next round: a program that is
// refused something often falls back to something else, and what it falls back to isn't a use. So, for a
// program that does the same each time, every line is one that it uses with all lines before it open.
//
// A path of a guest's has no host by itself. It means, first of these: what a given grant maps it to; the
// same path of this machine; the same path below the folder that berth was started in, since a guest's
// relative paths begin at its `/`. Never the whole machine as the guest's `/`, and nothing of a volume but by
// a given grant of it. A folder that was given with a quota, and a volume, is opened whole: the quota is what
// all of it may hold.
//
// Looks at this machine's files, changes nothing; knows nothing of terminals and processes. One thread.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "policy/minimal.h"
#include "policy/policy.h"

namespace berth::host {

/// What needs no question, what may not be opened at all, and where relative paths begin. Anchored, and the
/// volumes in it are open.
struct LearnScope {
  std::vector<policy::Grant> given;                  // on the command line or in a policy file
  std::optional<std::vector<policy::Grant>> within;  // the owner's word for `--learn=auto`
  policy::Bounds owner;                              // host.toml
  std::string folder;                                // absolute
  std::string volumes;                               // where they lie
};

/// Who opens a line.
enum class Standing {
  kGiven,      // a given grant holds it
  kWithin,     // the outer policy holds it
  kToAsk,      // nobody yet
  kForbidden,  // the owner of this machine doesn't allow it
};

/// What a knock would take.
struct Proposal {
  policy::Knock use;
  std::vector<policy::Grant> lines;     // new in the policy
  std::vector<policy::Grant> replaced;  // lines of the policy that these make needless
  std::string wider;                    // what the lines open beyond the use; may be empty
  Standing standing = Standing::kToAsk;
};

/// A knock that no line would open, and why.
struct Shut {
  policy::Knock use;
  std::string why;
};

/// What one round was refused, sorted.
struct Sorted {
  std::vector<Proposal> proposals;  // in the order in which they should be opened
  std::vector<Proposal>
      on_the_way;  // folders above others that are used: to be opened only if all else fails
  std::vector<Shut> shut;
  size_t probes = 0;  // looks for what isn't on this machine
};

class Learner {
 public:
  explicit Learner(LearnScope scope) : scope_(std::move(scope)) {}

  /// Without those that were answered no.
  Sorted sort(const std::vector<policy::Knock>& knocks) const;

  /// The proposal for the same use with what is open now; nothing when it is open already.
  std::optional<Proposal> again(const Proposal& proposal) const;

  void open(const Proposal& proposal);
  void refuse(const Proposal& proposal);

  /// Whether both open one line: the same folder, or the same host. Such can be opened in one round.
  static bool one_line(const Proposal& left, const Proposal& right);

  const std::vector<policy::Grant>& grants() const {
    return open_;
  }
  const std::vector<policy::Knock>& uses() const {
    return uses_;
  }

 private:
  struct Meaning {
    std::string host_path;
    bool is_folder = false;
    std::optional<policy::Grant> whole;  // a grant that is opened as it was given, or not at all
  };

  std::vector<Meaning> meanings(const policy::Knock& knock, const std::string& path) const;
  std::vector<std::vector<policy::Grant>> choices(const policy::Knock& knock) const;
  std::optional<policy::Grant> files_grant(const policy::Knock& knock, const std::string& path,
                                           const Meaning& meaning) const;
  std::optional<policy::Grant> both_folders(const policy::Knock& knock) const;
  std::optional<Proposal> propose(const policy::Knock& knock) const;
  Proposal proposal_of(const policy::Knock& knock, const std::vector<policy::Grant>& wanted,
                       size_t most_paths) const;
  Standing standing_of(const std::vector<policy::Grant>& lines) const;
  bool is_probe(const policy::Knock& knock) const;

  const LearnScope scope_;
  std::vector<policy::Grant> open_;
  std::vector<policy::Knock> uses_;
  std::set<std::string> refused_;  // by the text of their lines
};

}  // namespace berth::host
