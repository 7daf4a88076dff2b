// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the asks of one module share: its policy, what it has made, how much it has brought in, and how many
// of its asks are worked on at once. For this folder's own sources.
//
// Any thread.

#include <deque>
#include <map>
#include <mutex>
#include <optional>

#include "providers/content/asks.h"
#include "providers/content/job.h"
#include "providers/content/target.h"
#include "providers/content/tree.h"

namespace berth::content {

/// Asks of one module that are worked on at once; the others wait for their turn.
inline constexpr size_t kAtOnce = 4;

/// And those that may wait, of all calls of the module.
inline constexpr size_t kMostWaiting = 1000;

struct Asks::Module final : Turns, std::enable_shared_from_this<Asks::Module> {
  Module(std::shared_ptr<Service> with, const AskedBy& who);

  /// While the asks are there: the words for why it isn't open, which are recorded.
  std::optional<engine::ContentFault> refused(std::string_view operation, const std::string& target);
  /// The same for content that is read: what was made here is open.
  std::optional<engine::ContentFault> hidden(const Target& target);

  /// The most that one fetch of it may bring.
  std::optional<uint64_t> most_fetched(const Target& target) const;
  /// Counts what is added or pinned; false where there is no room for it.
  bool publish(uint64_t bytes);

  /// What the module made: bytes of all blocks below, and what its fetches may bring, where a grant said so
  /// of anything in it.
  struct Own {
    uint64_t tsize = 0;
    std::optional<uint64_t> most;
  };
  void made(const Cid& cid, const Own& own);
  std::optional<Own> made(const Cid& cid) const;

  bool run(std::shared_ptr<Job> job) override;
  void forget(const Job& job) noexcept override;
  /// Pays for what goes and comes by the network, and waits where that is limited by the second.
  Result<void> charge(uint64_t bytes, const std::atomic<bool>& gone);
  /// For one job. The charge waits where the module's network has to.
  std::unique_ptr<Reading> source(const std::atomic<bool>& gone);
  void close();

  const std::shared_ptr<Service> service;
  const AskedBy by;               // what it points to is there while the asks are
  const uint64_t most_published;  // bytes

 private:
  void turn(std::shared_ptr<Job> job);
  std::shared_ptr<Job> next_turn();

  mutable std::mutex lock_;
  bool closed_ = false;              // the rest is guarded by lock_
  uint64_t published_ = 0;           // bytes
  std::map<std::string, Own> made_;  // by policy_text
  size_t running_ = 0;
  std::deque<std::shared_ptr<Job>> waiting_;
};

}  // namespace berth::content
