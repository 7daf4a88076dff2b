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

struct Asks::Module : std::enable_shared_from_this<Asks::Module> {
  Module(std::shared_ptr<Service> with, const AskedBy& who);

  /// While the asks are there: the words for why it isn't open, which are recorded.
  std::optional<engine::ContentFault> refused(std::string_view operation, const std::string& target);
  /// The same for content that is read: what was made here is open.
  std::optional<engine::ContentFault> hidden(const Target& target);

  /// The most that one fetch of it may bring.
  std::optional<uint64_t> most_fetched(const Target& target) const;
  /// Counts what is added or pinned; false where there is no room for it.
  bool publish(uint64_t bytes);

  void made(const Cid& cid, uint64_t tsize);
  std::optional<uint64_t> made_size(const Cid& cid);

  /// Has it run when one of the module's turns is free.
  bool run(std::function<void()> task);
  /// For one job. The charge waits where the module's network has to.
  std::unique_ptr<Reading> source(const std::atomic<bool>& gone);
  void close();

  const std::shared_ptr<Service> service;
  const AskedBy by;               // what it points to is there while the asks are
  const uint64_t most_published;  // bytes

 private:
  void turn(const std::function<void()>& task);
  Result<void> charge(uint64_t bytes, const std::atomic<bool>& gone);

  std::mutex lock_;
  bool closed_ = false;                   // the rest is guarded by lock_
  uint64_t published_ = 0;                // bytes
  std::map<std::string, uint64_t> made_;  // by policy_text: bytes of all blocks below
  size_t running_ = 0;
  std::deque<std::function<void()>> waiting_;
};

}  // namespace berth::content
