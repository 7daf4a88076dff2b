// SPDX-License-Identifier: Apache-2.0
#include "providers/content/leaves.h"

#include <algorithm>
#include <utility>

#include "providers/content/dag_pb.h"

namespace berth::content {
namespace {

constexpr unsigned kMostThreads = 4;
constexpr size_t kWorthAThread = 16 << 10;  // bytes of a chunk; waking one costs as much as hashing less

}  // namespace

Leaves::~Leaves() {
  {
    const std::lock_guard guard(lock_);
    over_ = true;
  }
  more_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

Result<Made> Leaves::make(std::string_view bytes, const Attributes& attributes) {
  Made made{.cid = {}, .tsize = bytes.size(), .size = bytes.size()};
  if (profile_.raw_leaves && !attributes.any()) {
    made.cid = cid_of(profile_, Codec::kRaw, bytes);
    BERTH_TRY_VOID(sink_.put(made.cid, bytes));
    return made;
  }
  UnixFs about{.type = UnixFs::Type::kFile, .file_size = bytes.size()};
  if (!bytes.empty()) about.data = std::string(bytes);
  about.mode = attributes.mode;
  about.modified = attributes.modified;
  const std::string node = write_pb({.links = {}, .data = write_unixfs(about)});
  made.tsize = node.size();
  made.cid = cid_of(profile_, Codec::kDagPb, node);
  BERTH_TRY_VOID(sink_.put(made.cid, node));
  return made;
}

Result<std::span<char>> Leaves::room(const Taken& taken) {
  if (started_ - given_ == kSlots) BERTH_TRY_VOID(give_oldest(taken));
  Slot& slot = slots_[started_ % kSlots];
  slot.bytes.resize(profile_.chunk_bytes);
  return std::span<char>(slot.bytes);
}

Result<void> Leaves::start(size_t bytes, const Attributes& attributes) {
  Slot& slot = slots_[started_ % kSlots];
  // The first one may be all there is; one that has attributes is.
  if (started_ == 0 || profile_.chunk_bytes < kWorthAThread) {
    slot.made = make(std::string_view(slot.bytes).substr(0, bytes), attributes);
    begun_ = ++started_;
    return {};
  }
  if (threads_.empty()) {
    const unsigned count = std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads);
    for (unsigned i = 0; i < count; ++i) threads_.emplace_back([this] { work(); });
  }
  {
    const std::lock_guard guard(lock_);
    slot.used = bytes;
    slot.made.reset();
    ++started_;
  }
  more_.notify_one();
  return {};
}

void Leaves::work() {
  std::unique_lock guard(lock_);
  for (;;) {
    more_.wait(guard, [this] { return over_ || begun_ < started_; });
    if (over_) return;
    Slot& slot = slots_[begun_++ % kSlots];
    guard.unlock();
    auto made = make(std::string_view(slot.bytes).substr(0, slot.used), {});
    guard.lock();
    slot.made = std::move(made);
    made_.notify_one();
  }
}

Result<void> Leaves::give_oldest(const Taken& taken) {
  Slot& slot = slots_[given_ % kSlots];
  std::optional<Result<Made>> made;
  {
    std::unique_lock guard(lock_);
    made_.wait(guard, [&slot] { return slot.made.has_value(); });
    made = std::exchange(slot.made, std::nullopt);
    ++given_;
  }
  return taken(BERTH_TRY(*std::move(made)));
}

Result<void> Leaves::finish(const Taken& taken) {
  while (given_ < started_) BERTH_TRY_VOID(give_oldest(taken));
  return {};
}

}  // namespace berth::content
