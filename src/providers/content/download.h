// SPDX-License-Identifier: Apache-2.0
#pragma once
// Something wanted, on its way from gateways into the store, for all who read it at the time: once, and by
// one process of this user's at a time. It comes as fast as the fastest of them reads, and a bit ahead; where
// it breaks off, only what lacks is asked for again.
//
// It has a thread of its own. Any thread.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/os/locked_file.h"
#include "base/result.h"
#include "providers/content/errand.h"
#include "providers/content/store.h"

namespace berth::content {

/// Who pays for what comes, while they read, and in whose tally it stands. A call of `charge` isn't over
/// before `leave` is.
class Payer {
 public:
  Payer(std::function<Result<void>(uint64_t)> charge, std::shared_ptr<Tally> tally)
      : tally_(std::move(tally)), charge_(std::move(charge)) {}

  Tally& tally() const {
    return *tally_;
  }

  /// False: they have left.
  std::optional<Result<void>> pay(uint64_t bytes);
  void leave();
  /// What they refused with.
  std::optional<Error> refusal() const;

 private:
  const std::shared_ptr<Tally> tally_;  // also the reader's
  std::mutex lock_;                     // held while it is charged
  std::function<Result<void>(uint64_t)> charge_;
  bool left_ = false;
  std::optional<Error> refused_;  // written once, before
  std::atomic<bool> has_refused_ = false;
};

/// So many downloads at once, each of which has some threads. Any thread.
class Places {
 public:
  struct Give {
    void operator()(Places* places) const;
  };
  using Place = std::unique_ptr<Places, Give>;

  explicit Places(size_t most) : free_(most) {}

  /// Waits for one. kUnavailable where none becomes free for long, kCancelled.
  Result<Place> take(const std::stop_token& stop);

 private:
  std::mutex lock_;
  std::condition_variable_any changed_;
  size_t free_;
};

class Download {
 public:
  Download(Store& store, Gateways& gateways, Wanted wanted, Errand::More more, std::shared_ptr<Payer> payer,
           Places::Place place);
  Download(const Download&) = delete;
  Download& operator=(const Download&) = delete;
  /// Stops it.
  ~Download();

  /// False where it has ended, or the last has left.
  bool join(const std::shared_ptr<Payer>& payer);
  /// Stops it with the last of them.
  void leave(const std::shared_ptr<Payer>& payer);

  /// The block, if it came and nobody took it.
  std::optional<std::string> taken(const Cid& cid, const Payer& payer);
  /// The block when it comes. Nothing when it is in the store, or when it doesn't come by this any more.
  std::optional<std::string> wait(const Cid& cid, const Payer& payer, const std::stop_token& stop);
  /// Waits until all has come, or won't. The error says what lacks.
  Result<void> end(const std::stop_token& stop);
  bool is_over() const;

 private:
  class Fill;
  struct Aside {
    std::string bytes;
    std::weak_ptr<const Payer> paid;  // who may have left since
  };
  void work(const std::stop_token& stop);
  Result<void> bring();
  Result<void> keep(const Cid& cid, std::string_view bytes);
  Result<void> charge(uint64_t bytes);
  void tell(const Came& more);
  std::optional<std::string> take(const std::string& name, const Payer& payer);
  void put_aside(const Cid& cid, std::string_view bytes);

  Store& store_;
  const Wanted wanted_;
  Places::Place place_;  // until it is over
  std::stop_source stop_;
  std::unique_ptr<Errand> errand_;

  mutable std::mutex lock_;
  std::condition_variable_any changed_;
  std::vector<std::shared_ptr<Payer>> payers_;
  std::weak_ptr<const Payer> told_last_;  // in whose tally the last block stands
  // Blocks that came and weren't read yet, by their hash; the oldest first.
  std::unordered_map<std::string, Aside> aside_;
  std::deque<std::string> order_;
  size_t aside_bytes_ = 0;
  size_t waiting_ = 0;
  bool elsewhere_ = false;                      // another process brings it
  LockedFile* coming_ = nullptr;                // that this one does; guarded by lock_
  std::chrono::steady_clock::time_point told_;  // when that was last said there
  std::optional<Result<void>> over_;

  std::jthread thread_;  // last: it uses the others
};

}  // namespace berth::content
