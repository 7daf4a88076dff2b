// SPDX-License-Identifier: Apache-2.0
#pragma once
// WIT's `stream<T>`: values that come one after the other, while whoever writes them goes on.
//
//   auto lines = instance->function<berth::Stream<std::string>()>("lines").value()().value();
//   for (;;) {
//     const auto some = lines.read(100).value();   // has the module go on until there are some
//     if (some.empty()) break;                     // it has closed its end
//   }
//
//   auto [writer, stream] = berth::Stream<uint8_t>::make();
//   auto sum = instance->function<uint32_t(berth::Stream<uint8_t>)>("sum").value().start(stream);
//   writer.write(bytes, 1s).value();               // waits until the module has read them
//   writer.close();
//
// A call that is refused leaves the stream with the program, and a write without a time then waits for
// whoever gets it: close it, or give it to another call.
//
// A module's tasks go on while somebody calls it, reads what it writes or writes what it reads: reading and
// writing are calls of its instance, under the limits of one call, on the thread that reads or writes. Beside
// another call they leave the work to that one. Bytes go in one piece.

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "berth/call.h"
#include "berth/channel_of.h"
#include "berth/codec.h"
#include "berth/result.h"

namespace berth {

template <class T>
class Stream;

/// The end that the program writes to. Copies are of the same end: when the last one goes it is closed, and
/// the module reads to the end of what was written. Any thread; one write at a time.
template <class T>
class StreamWriter {
 public:
  /// Waits until the module has taken all, and says how many it took: fewer when it has closed its end.
  /// Errors are those that ended its instance. Before the stream was given to a module, it waits for that,
  /// too. kUnavailable from within a function that this module waits for.
  Result<size_t> write(std::span<const T> values) const {
    return channel_->write(values, {});
  }
  /// The same, waiting so long at most; fewer were taken, or none, when the time is over.
  Result<size_t> write(std::span<const T> values, std::chrono::nanoseconds time) const {
    return channel_->write(values, detail::until_in(time));
  }
  /// No more comes. Writing is an error then.
  void close() const {
    channel_->writer_left();
  }

 private:
  friend class Stream<T>;
  explicit StreamWriter(std::shared_ptr<detail::ChannelOf<T>> channel)
      : channel_(std::move(channel)), end_(std::make_shared<detail::WriterEnd>(channel_)) {}

  std::shared_ptr<detail::ChannelOf<T>> channel_;
  std::shared_ptr<detail::WriterEnd> end_;
};

/// The end that is read: by the program what a module gave, by a module what the program gives. Copies are of
/// the same end. Once it was given to a module, as a parameter or a result, reading it is an error; what a
/// module gave goes back to its own instance alone. When the last copy goes it is closed, and whoever writes
/// sees that. It keeps no instance: when that goes, so does the stream. Any thread; one read at a time.
template <class T>
class Stream {
 public:
  /// One that the program writes.
  static std::pair<StreamWriter<T>, Stream> make() {
    auto channel = std::make_shared<detail::ChannelOf<T>>();
    StreamWriter<T> writer(channel);
    return {std::move(writer), Stream(std::move(channel))};
  }
  /// One of these values, for which nobody has to wait.
  static Stream of(std::vector<T> values) {
    auto channel = std::make_shared<detail::ChannelOf<T>>();
    channel->fill(std::move(values));
    return Stream(std::move(channel));
  }

  /// Waits for values, and gives so many at most; none when there won't be more. What the module has written
  /// beyond that it has to wait for. Errors are those that ended its instance. kUnavailable from within a
  /// function that this module waits for.
  Result<std::vector<T>> read(size_t most) const {
    return read_until(most, {});
  }
  /// The same, waiting so long at most: kUnavailable when nothing has come. Nothing is lost then.
  Result<std::vector<T>> read(size_t most, std::chrono::nanoseconds time) const {
    return read_until(most, detail::until_in(time));
  }
  /// Starts a read, and comes back at once (call.h). It waits on a thread of the host's own
  /// (`HostOptions::callers`), one for each that waits, so that so many of them keep every started call of
  /// the host waiting; and calls of this instance are refused as beside any other. Where values may stay
  /// away, a `read` with a time on a thread of the program's is better. Only of what a module gave:
  /// kInvalidArgument.
  Call<std::vector<T>> start_read(size_t most) const {
    auto read = [stream = *this, most] { return stream.read(most); };
    auto started = std::make_shared<detail::StartedBy<std::vector<T>, decltype(read)>>(channel_->instance(),
                                                                                       std::move(read));
    channel_->start(started);
    return Call<std::vector<T>>(std::move(started));
  }
  /// Nobody reads any more. The module sees that when it writes.
  void close() const {
    end_->close();
  }

  /// For the library.
  explicit Stream(std::shared_ptr<detail::ChannelOf<T>> channel)
      : channel_(std::move(channel)), end_(std::make_shared<detail::ReaderEnd>(channel_)) {}
  const std::shared_ptr<detail::ReaderEnd>& end() const {
    return end_;
  }

 private:
  Result<std::vector<T>> read_until(size_t most, detail::Until until) const {
    if (auto readable = end_->check(); !readable) return std::unexpected(std::move(readable).error());
    return channel_->read(most, until);
  }

  std::shared_ptr<detail::ChannelOf<T>> channel_;
  std::shared_ptr<detail::ReaderEnd> end_;
};

namespace detail {

template <class T>
struct Codec<Stream<T>> {
  static Type type() {
    return {.kind = Type::Kind::kStream, .parts = {part(type_of<T>())}};
  }
  static void put(Writer& to, const Stream<T>& value) {
    ReaderEnd::give(to, value.end());
  }
  static Stream<T> take(Reader& from) {
    return Stream<T>(received<T>(from));
  }
};

}  // namespace detail
}  // namespace berth
