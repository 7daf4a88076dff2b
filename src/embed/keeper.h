// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who answers an instance's questions at its doors: its policy, and then the program (berth/question.h).
//
// Asked on the engine's threads and on those that call the instance, several at once.

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

#include "berth/question.h"
#include "engine/knock.h"
#include "policy/decide.h"

namespace berth::embed {

/// The program's word on what a policy says.
class Judge {
 public:
  Judge(std::string module, Decide decide, Audit audit)
      : module_(std::move(module)), decide_(std::move(decide)), audit_(std::move(audit)) {}

  /// What the program leaves of a verdict, which it is told. `quiet`: a refusal isn't worth telling.
  policy::Verdict judge(const policy::Knock& knock, policy::Verdict verdict, bool quiet = false) const;

  /// Tells of what isn't decided here.
  void tell(const Question& question, const Verdict& verdict) const noexcept;

  const std::string& module() const {
    return module_;
  }
  /// Whether the program wants to hear of each use of a door.
  bool listens() const {
    return decide_ || audit_;
  }

 private:
  policy::Verdict asked(const policy::Knock& knock, policy::Verdict verdict) const;
  Question question(const policy::Knock& knock) const;

  const std::string module_;
  const Decide decide_;
  const Audit audit_;
};

class Keeper final : public engine::DoorKeeper {
 public:
  /// `policy` outlives this.
  Keeper(const policy::Policy& policy, Judge judge) : policy_(policy), judge_(std::move(judge)) {}

  bool ask(const engine::Knock& knock) noexcept override;

  /// How many refusals there were.
  uint64_t refusals() const {
    return refusals_;
  }
  /// Those that came after the first `refusals`, as lines for a person; of many the last few.
  std::string refused_since(uint64_t refusals) const;

 private:
  void record(const policy::Knock& knock, const policy::Verdict& verdict);

  const policy::Policy& policy_;
  const Judge judge_;
  std::atomic<uint64_t> refusals_ = 0;
  mutable std::mutex lock_;
  std::deque<std::string> last_;  // guarded by lock_
};

}  // namespace berth::embed
