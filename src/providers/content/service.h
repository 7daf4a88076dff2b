// SPDX-License-Identifier: Apache-2.0
#pragma once
// What all modules of a process share to get at content and to make some: the store, where blocks come from
// that aren't in it, and a few threads.
//
// Any thread. Whoever has an ask open keeps it.

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/workers.h"
#include "providers/content/store.h"

namespace berth::content {

/// On whose behalf blocks are brought.
struct Asker {
  /// Told of bytes of the network as they come; may wait, and refuse with the error that the asker gets.
  std::function<Result<void>(uint64_t bytes)> charge;
  /// Nobody waits any more.
  const std::atomic<bool>* gone = nullptr;
};

class Service {
 public:
  /// This user's store.
  static Result<std::shared_ptr<Service>> open();
  static std::shared_ptr<Service> of(std::unique_ptr<Store> store);

  Store& store() {
    return *store_;
  }
  /// For one ask. What `asker` points to outlives it.
  std::unique_ptr<BlockSource> source(Asker asker);
  Workers& workers() {
    return workers_;
  }
  /// Folders that have to stay within reach of the process.
  std::vector<std::string> folders() const {
    return {store_->folder()};
  }

 private:
  explicit Service(std::unique_ptr<Store> store) : store_(std::move(store)) {}

  const std::unique_ptr<Store> store_;
  Workers workers_{16};
};

}  // namespace berth::content
