// SPDX-License-Identifier: Apache-2.0
#pragma once
// What all modules of a process share to get at content and to make some: the store, the gateways behind it,
// and a few threads.
//
// Any thread. Whoever has an ask open keeps it.

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/workers.h"
#include "providers/content/names.h"
#include "providers/content/retrieval.h"
#include "providers/content/scrub.h"
#include "providers/content/store.h"

namespace berth::content {

class Service {
 public:
  /// This user's store, and the gateways and routers of their settings.
  static Result<std::shared_ptr<Service>> open();

  Store& store() {
    return *store_;
  }
  /// As Retrieval::read.
  std::unique_ptr<Reading> read(std::function<Result<void>(uint64_t bytes)> charge,
                                std::shared_ptr<Tally> tally = {}) {
    return retrieval_->read(std::move(charge), std::move(tally));
  }
  /// Where a name leads to. Blocks, and asks the network without anybody's charge: a record has some hundred
  /// bytes.
  Result<ContentPath> resolve(const NamePath& path) const;
  /// Where one leads from now on. Blocks; the same holds.
  Names names() const {
    return Names(names_);
  }
  Workers& workers() {
    return workers_;
  }
  /// Whether anything is asked of a network.
  bool is_online() const {
    return !retrieval_->is_offline();
  }
  /// For a process that stays: blocks are checked again as content.toml says, from now on, on a thread of its
  /// own. `told` is called there, of what is damaged. Once.
  void keep_checking(std::function<void(const std::string& line)> told) {
    if (verify_every_) scrubber_.emplace(*store_, ScrubOptions{.every = *verify_every_}, std::move(told));
  }
  /// Folders that have to stay within reach of the process.
  std::vector<std::string> folders() const {
    return {store_->folders().kept, store_->folders().cached, names_.folder};
  }

 private:
  Service(std::unique_ptr<Store> store, std::unique_ptr<Retrieval> retrieval, NamesOptions names,
          std::optional<std::chrono::seconds> verify_every)
      : store_(std::move(store)),
        retrieval_(std::move(retrieval)),
        names_(std::move(names)),
        verify_every_(verify_every) {}

  const std::unique_ptr<Store> store_;
  const std::unique_ptr<Retrieval> retrieval_;
  const NamesOptions names_;
  const std::optional<std::chrono::seconds> verify_every_;
  Workers workers_{16};
  std::optional<Scrubber> scrubber_;
};

/// The one service of many modules, opened for the first that may have content.
class SharedService {
 public:
  /// Any thread. When it can't be opened, the next that asks tries again.
  Result<std::shared_ptr<Service>> get();

 private:
  std::mutex mutex_;
  std::shared_ptr<Service> service_;
};

}  // namespace berth::content
