// SPDX-License-Identifier: Apache-2.0
#pragma once
// WIT's `future<T>`: one value that comes later. `future` without a type is `Future<void>`.
//
//   auto total = instance->function<berth::Future<uint64_t>()>("total").value()().value();
//   const uint64_t sum = total.get().value();        // has the module go on until it is there
//
//   auto [promise, price] = berth::Future<uint64_t>::make();
//   auto sold = instance->function<bool(berth::Future<uint64_t>)>("sell").value().start(price);
//   promise.set(300);

#include <chrono>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "berth/call.h"
#include "berth/channel_of.h"
#include "berth/codec.h"
#include "berth/result.h"

namespace berth {

template <class T>
class Future;

/// The end that the program writes to: once. Copies are of the same end; when the last one goes without
/// having written, whoever reads the future gets a trap, as WIT has no future without a value. Any thread.
template <class T>
class Promise {
 public:
  /// Waits for nobody. False when it was set before, or nobody reads it any more. For void: without a value.
  template <class... V>
    requires(std::is_void_v<T> ? sizeof...(V) == 0 : sizeof...(V) == 1)
  bool set(V&&... value) const {
    return channel_->leave(detail::Something<T>(std::forward<V>(value)...));
  }

 private:
  friend class Future<T>;
  explicit Promise(std::shared_ptr<detail::ChannelOf<detail::Something<T>>> channel)
      : channel_(std::move(channel)), end_(std::make_shared<detail::WriterEnd>(channel_)) {}

  std::shared_ptr<detail::ChannelOf<detail::Something<T>>> channel_;
  std::shared_ptr<detail::WriterEnd> end_;
};

/// The end that is read, once: the rules are those of `Stream`. Any thread.
template <class T>
class Future {
 public:
  /// One that the program sets.
  static std::pair<Promise<T>, Future> make() {
    auto channel = std::make_shared<Channel>();
    Promise<T> promise(channel);
    return {std::move(promise), Future(std::move(channel))};
  }
  /// One of this value. For void: without a value.
  template <class... V>
    requires(std::is_void_v<T> ? sizeof...(V) == 0 : sizeof...(V) == 1)
  static Future of(V&&... value) {
    auto channel = std::make_shared<Channel>();
    channel->leave(detail::Something<T>(std::forward<V>(value)...));
    return Future(std::move(channel));
  }

  /// Waits for the value, and gives it once: kInvalidArgument later. Errors are those that ended the
  /// instance. kUnavailable from within a function that this module waits for.
  Result<T> get() const {
    return get_until({});
  }
  /// The same, waiting so long at most: kUnavailable when it hasn't come. It may be waited for again.
  Result<T> get(std::chrono::nanoseconds time) const {
    return get_until(detail::until_in(time));
  }
  /// Starts to wait, and comes back at once, as `Stream::start_read` does.
  Call<T> start_get() const {
    auto get = [future = *this] { return future.get(); };
    auto started =
        std::make_shared<detail::StartedBy<T, decltype(get)>>(channel_->instance(), std::move(get));
    channel_->start(started);
    return Call<T>(std::move(started));
  }
  /// Nobody wants it any more.
  void close() const {
    end_->close();
  }

  /// For the library.
  explicit Future(std::shared_ptr<detail::ChannelOf<detail::Something<T>>> channel)
      : channel_(std::move(channel)), end_(std::make_shared<detail::ReaderEnd>(channel_)) {}
  const std::shared_ptr<detail::ReaderEnd>& end() const {
    return end_;
  }

 private:
  using Channel = detail::ChannelOf<detail::Something<T>>;

  Result<T> get_until(detail::Until until) const {
    if (auto readable = end_->check(); !readable) return std::unexpected(std::move(readable).error());
    auto came = channel_->read(1, until);
    if (!came) return std::unexpected(std::move(came).error());
    if (came->empty()) {
      return fail(ErrorCode::kInvalidArgument,
                  "the future has no value: it was got before, or nobody sets it");
    }
    channel_->writer_left();
    if constexpr (std::is_void_v<T>) {
      return {};
    } else {
      return std::move(came->front());
    }
  }

  std::shared_ptr<Channel> channel_;
  std::shared_ptr<detail::ReaderEnd> end_;
};

namespace detail {

template <class T>
struct Codec<Future<T>> {
  static Type type() {
    return {.kind = Type::Kind::kFuture, .parts = {part_of<T>()}};
  }
  static void put(Writer& to, const Future<T>& value) {
    ReaderEnd::give(to, value.end());
  }
  static Future<T> take(Reader& from) {
    return Future<T>(received<Something<T>>(from));
  }
};

}  // namespace detail
}  // namespace berth
