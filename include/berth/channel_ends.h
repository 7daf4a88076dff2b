// SPDX-License-Identifier: Apache-2.0
#pragma once
// The two ends of a channel (channel.h) that a program holds. For the templates of this library alone.

#include <atomic>
#include <cstdint>
#include <memory>

#include "berth/channel.h"
#include "berth/result.h"
#include "berth/words.h"

namespace berth::detail {

/// The right to read, which is given away once.
class ReaderEnd {
 public:
  explicit ReaderEnd(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}
  ReaderEnd(const ReaderEnd&) = delete;
  ReaderEnd& operator=(const ReaderEnd&) = delete;
  ~ReaderEnd();

  const std::shared_ptr<Channel>& channel() const {
    return channel_;
  }
  /// An error once it was given to a module.
  Result<void> check() const;
  void close() noexcept;

  /// Writes its word, once.
  static void give(Writer& to, const std::shared_ptr<ReaderEnd>& end);
  /// The module has it.
  std::shared_ptr<Channel> claim() noexcept;

 private:
  friend class Writer;

  const std::shared_ptr<Channel> channel_;
  std::atomic<bool> given_ = false;
  std::atomic<bool> claimed_ = false;
};

/// The right to write.
class WriterEnd {
 public:
  explicit WriterEnd(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}
  WriterEnd(const WriterEnd&) = delete;
  WriterEnd& operator=(const WriterEnd&) = delete;
  ~WriterEnd() {
    channel_->writer_left();
  }

 private:
  const std::shared_ptr<Channel> channel_;
};

void expect(Resources& resources, uint64_t word, std::shared_ptr<Channel> channel);

}  // namespace berth::detail
