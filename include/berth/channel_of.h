// SPDX-License-Identifier: Apache-2.0
#pragma once
// A channel (channel.h) of values of one type. For the templates of this library alone.

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "berth/channel.h"
#include "berth/channel_ends.h"
#include "berth/codec.h"
#include "berth/result.h"
#include "berth/words.h"

namespace berth::detail {

/// Nothing, where a value without a type has to be one.
template <class T>
using Something = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class T>
class ChannelOf : public Channel {
 public:
  /// All that ever comes.
  void fill(std::vector<T> values) {
    came_ = std::move(values);
    writer_gone_ = true;
  }

  /// One value at least; none at the end.
  Result<std::vector<T>> read(size_t most, Until until) {
    if (most == 0) return std::vector<T>();
    Lock lock(mutex_);
    want(most);
    const auto came = wait(lock, until, [this] { return there(); });
    wanted_ = 0;
    if (there()) return pick(most);
    if (!came) return std::unexpected(came.error());
    if (failure_) return std::unexpected(*failure_);
    if (!*came) return berth::fail(ErrorCode::kUnavailable, "nothing has come to be read in this time");
    return std::vector<T>();
  }

  /// How many were taken.
  Result<size_t> write(std::span<const T> values, Until until) {
    Lock lock(mutex_);
    if (!offered_.empty()) return berth::fail(ErrorCode::kUnavailable, "somebody else writes to it");
    if (writer_gone_) return berth::fail(ErrorCode::kInvalidArgument, "it was closed by the program");
    offered_ = values;
    change();
    const auto written = wait(lock, until, [this] { return offered_.empty(); });
    const size_t taken = values.size() - std::exchange(offered_, {}).size();
    if (taken > 0) return taken;
    if (!written) return std::unexpected(written.error());
    if (failure_) return std::unexpected(*failure_);
    return taken;
  }

  /// Leaves one value to be taken, and waits for nobody. False when there was one already.
  bool leave(T value) {
    const Lock lock(mutex_);
    if (over() || there()) return false;
    came_.push_back(std::move(value));
    writer_gone_ = true;
    change();
    return true;
  }

  void deliver(Reader from) override {
    std::vector<T> values = decode(from);
    const Lock lock(mutex_);
    wanted_ = 0;
    if (reader_gone_) return;
    came_ = std::move(values);
    next_ = 0;
    change();
  }

  /// Nobody wants the rest: it is destroyed without the lock, since that may come back here.
  void reader_left() noexcept override {
    std::vector<T> rest;
    const Lock lock(mutex_);
    if (std::exchange(reader_gone_, true)) return;
    rest.swap(came_);
    next_ = 0;
    change();
  }

  There take(size_t most, Resources& resources, std::unique_ptr<Batch>& batch) override {
    const Lock lock(mutex_);
    if (!there()) {
      // What has failed before it was given on never ends.
      if (failure_) throw std::runtime_error(failure_->message);
      if (writer_gone_) return There::kEnd;
      want(std::max<size_t>(most, 1));
      return There::kNothing;
    }
    if (most == 0) return There::kSome;
    auto taken = std::make_unique<BatchOf>(resources, pick(most));
    encode(taken->words(), taken->values);
    if (taken->words().refused() != nullptr) throw std::invalid_argument(taken->words().refused());
    batch = std::move(taken);
    return There::kSome;
  }

 protected:
  /// The words of a list of these, which outlive them.
  virtual void encode(Writer& to, const std::vector<T>& values) {
    if constexpr (std::is_same_v<T, std::monostate>) {
      to.put(values.size());
    } else if constexpr (requires { Codec<T>::type(); }) {
      detail::put(to, values);
    }
  }
  virtual std::vector<T> decode(Reader from) {
    if constexpr (std::is_same_v<T, std::monostate>) {
      return std::vector<T>(static_cast<size_t>(from.next()));
    } else if constexpr (requires { Codec<T>::type(); }) {
      return detail::take<std::vector<T>>(from);
    }
    return {};
  }

 private:
  struct BatchOf final : Batch {
    BatchOf(Resources& resources, std::vector<T> taken)
        : Batch(resources, taken.size()), values(std::move(taken)) {}
    const std::vector<T> values;
  };

  bool there() const override {
    return next_ < came_.size() || !offered_.empty();
  }
  std::vector<T> pick(size_t most) {
    wanted_ = 0;
    std::vector<T> picked;
    if (next_ < came_.size()) {
      const size_t count = std::min(most, came_.size() - next_);
      if (count == came_.size()) {
        picked.swap(came_);
      } else {
        const auto begin = came_.begin() + static_cast<ptrdiff_t>(next_);
        picked.assign(std::make_move_iterator(begin),
                      std::make_move_iterator(begin + static_cast<ptrdiff_t>(count)));
        next_ += count;
      }
      if (next_ >= came_.size()) {
        came_.clear();
        next_ = 0;
      }
    } else {
      const auto first = offered_.first(std::min(most, offered_.size()));
      picked.assign(first.begin(), first.end());
      offered_ = offered_.subspan(first.size());
    }
    change();
    return picked;
  }

  std::vector<T> came_;         // and wasn't read yet
  size_t next_ = 0;             // of what came
  std::span<const T> offered_;  // by a writer of the program, who waits
};

/// What a module gave under a word, from now on.
template <class T>
std::shared_ptr<ChannelOf<T>> received(Reader& from) {
  auto channel = std::make_shared<ChannelOf<T>>();
  const uint64_t word = from.next();
  expect(from.resources(), word, channel);
  return channel;
}

}  // namespace berth::detail
