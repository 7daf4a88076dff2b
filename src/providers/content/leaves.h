// SPDX-License-Identifier: Apache-2.0
#pragma once
// The leaves of one file on their way into blocks: chunks are hashed and put by threads while the next ones
// are read, and given back in their order. A file of one leaf needs no thread.
//
// One thread, besides those of its own.

#include <array>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "providers/content/block.h"
#include "providers/content/file_layout.h"

namespace berth::content {

class Leaves {
 public:
  using Taken = std::function<Result<void>(Made)>;

  Leaves(const Profile& profile, BlockSink& sink) : profile_(profile), sink_(sink) {}
  Leaves(const Leaves&) = delete;
  Leaves& operator=(const Leaves&) = delete;
  /// Waits for those that are being put.
  ~Leaves();

  /// Room for one chunk; `taken` is called with the oldest leaves where there was none.
  Result<std::span<char>> room(const Taken& taken);
  /// The first bytes of that room are a leaf.
  Result<void> start(size_t bytes, const Attributes& attributes);
  /// Waits for all, and gives them away.
  Result<void> finish(const Taken& taken);

 private:
  struct Slot {
    std::string bytes;
    size_t used = 0;
    std::optional<Result<Made>> made;  // guarded by lock_
  };
  static constexpr size_t kSlots = 16;

  Result<Made> make(std::string_view bytes, const Attributes& attributes);
  Result<void> give_oldest(const Taken& taken);
  void work();

  const Profile& profile_;
  BlockSink& sink_;
  std::array<Slot, kSlots> slots_;
  uint64_t started_ = 0;  // guarded by lock_ once there are threads; so are those below
  uint64_t begun_ = 0;
  uint64_t given_ = 0;
  bool over_ = false;
  std::mutex lock_;
  std::condition_variable more_;  // for its threads
  std::condition_variable made_;  // for who waits for the oldest
  std::vector<std::thread> threads_;
};

}  // namespace berth::content
