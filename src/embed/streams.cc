// SPDX-License-Identifier: Apache-2.0
#include "embed/streams.h"

#include <utility>

#include "berth/resource.h"

namespace berth::embed {
namespace {

class ReadByProgram final : public engine::Sink {
 public:
  ReadByProgram(std::shared_ptr<detail::Channel> channel, detail::Resources& resources)
      : channel_(std::move(channel)), resources_(resources) {}
  ReadByProgram(const ReadByProgram&) = delete;
  ReadByProgram& operator=(const ReadByProgram&) = delete;
  ~ReadByProgram() override {
    channel_->writer_left();
  }

  std::optional<size_t> wanted() noexcept override {
    return channel_->wanted();
  }
  bool deliver(std::span<const uint64_t> words) noexcept override try {
    channel_->deliver(detail::Reader(words, resources_));
    return true;
  } catch (...) {
    return false;
  }

 private:
  const std::shared_ptr<detail::Channel> channel_;
  detail::Resources& resources_;
};

class BatchValues final : public engine::Values {
 public:
  explicit BatchValues(std::unique_ptr<detail::Batch> batch) : batch_(std::move(batch)) {}

  std::span<const uint64_t> words() const noexcept override {
    return batch_->words().words();
  }
  size_t count() const noexcept override {
    return batch_->count();
  }
  void delivered() noexcept override {
    batch_->words().delivered();
  }

 private:
  const std::unique_ptr<detail::Batch> batch_;
};

class WrittenByProgram final : public engine::Source {
 public:
  WrittenByProgram(std::shared_ptr<detail::Channel> channel, detail::Resources& resources)
      : channel_(std::move(channel)), resources_(resources) {}
  WrittenByProgram(const WrittenByProgram&) = delete;
  WrittenByProgram& operator=(const WrittenByProgram&) = delete;
  ~WrittenByProgram() override {
    channel_->reader_left();
  }

  Taken take(size_t most, std::unique_ptr<engine::Values>& values) noexcept override try {
    std::unique_ptr<detail::Batch> batch;
    const auto there = channel_->take(most, resources_, batch);
    if (batch) values = std::make_unique<BatchValues>(std::move(batch));
    switch (there) {
      case detail::Channel::There::kNothing:
        return Taken::kNone;
      case detail::Channel::There::kSome:
        return Taken::kSome;
      case detail::Channel::There::kEnd:
        break;
    }
    return Taken::kEnd;
  } catch (...) {
    return Taken::kRefused;
  }

 private:
  const std::shared_ptr<detail::Channel> channel_;
  detail::Resources& resources_;
};

std::function<void()> waking(std::unique_ptr<engine::Waiter> waiter) {
  return [waiter = std::shared_ptr<engine::Waiter>(std::move(waiter))] { waiter->wake(); };
}

}  // namespace

std::unique_ptr<engine::Sink> Streams::read(std::shared_ptr<detail::Channel> channel,
                                            detail::Resources& resources,
                                            std::unique_ptr<engine::Waiter> waiter) {
  channel->written_by(resources.instance(), waking(std::move(waiter)), add(channel));
  return std::make_unique<ReadByProgram>(std::move(channel), resources);
}

std::unique_ptr<engine::Source> Streams::write(std::shared_ptr<detail::Channel> channel,
                                               detail::Resources& resources,
                                               std::unique_ptr<engine::Waiter> waiter) {
  channel->read_by(resources.instance(), waking(std::move(waiter)), add(channel));
  return std::make_unique<WrittenByProgram>(std::move(channel), resources);
}

std::function<void()> Streams::add(const std::shared_ptr<detail::Channel>& channel) {
  const std::lock_guard lock(mutex_);
  // Those that are gone go when there are twice as many as before.
  if (channels_.size() == channels_.capacity()) {
    std::erase_if(channels_, [](const auto& known) { return known.expired(); });
    channels_.reserve(2 * channels_.size() + 8);
  }
  channels_.push_back(channel);
  any_ = true;
  return [waiter = waiter_] { waiter->wake(); };
}

std::vector<std::shared_ptr<detail::Channel>> Streams::all() noexcept {
  std::vector<std::shared_ptr<detail::Channel>> all;
  const std::lock_guard lock(mutex_);
  std::erase_if(channels_, [](const auto& known) { return known.expired(); });
  any_ = !channels_.empty();
  all.reserve(channels_.size());
  for (const auto& known : channels_) {
    if (auto channel = known.lock()) all.push_back(std::move(channel));
  }
  return all;
}

void Streams::fail(const Error& why) noexcept {
  for (const auto& channel : all()) channel->fail(why);
}

void Streams::take_turns() noexcept {
  for (const auto& channel : all()) channel->take_turns();
}

}  // namespace berth::embed
