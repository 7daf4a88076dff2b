// SPDX-License-Identifier: Apache-2.0
#pragma once
// Streams and futures whose types a program learns at run time. A future is read and written as a stream of
// one value.
//
//   const auto lines = berth::DynamicStream::of(instance->function("lines").value()().value()).value();
//   std::cout << to_wit(lines.type()) << '\n';
//   const berth::Value some = lines.read(100).value();       // a list
//
// What stream.h says of ends, of waiting and of errors holds here, too.

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "berth/channel_of.h"
#include "berth/result.h"
#include "berth/type.h"
#include "berth/value.h"

namespace berth {

/// The end that the program writes to. Any thread; one write at a time.
class DynamicWriter {
 public:
  /// A list of values, of a stream of bytes also Value::Bytes. Waits until the module has taken all, and says
  /// how many it took; a future's one value is left for it, and nobody waits. kInvalidArgument when one isn't
  /// of the type, with the part that differs: nothing is written then.
  Result<size_t> write(const Value& list) const;
  /// The same, waiting so long at most.
  Result<size_t> write(const Value& list, std::chrono::nanoseconds time) const;
  void close() const;

 private:
  friend class DynamicStream;
  DynamicWriter(Type type, std::shared_ptr<detail::Channel> channel);
  Result<size_t> write_until(const Value& list, detail::Until until) const;

  Type type_;
  std::shared_ptr<detail::Channel> channel_;
  std::shared_ptr<detail::WriterEnd> end_;
};

/// The end that is read. Any thread; one read at a time.
class DynamicStream {
 public:
  /// One that the program writes. kInvalidArgument when `type` is neither a stream's nor a future's.
  static Result<std::pair<DynamicWriter, DynamicStream>> make(const Type& type);
  /// What a function without C++ types gave, or is given. kInvalidArgument when it is something else.
  static Result<DynamicStream> of(const Value& value);

  /// For a function without C++ types.
  Value value() const {
    return Value(stream_);
  }
  const Type& type() const {
    return stream_.type;
  }
  /// Waits for values, and gives a list of so many at most, of bytes Value::Bytes; an empty one when there
  /// won't be more. A million values at a time and no more, as results of functions are.
  Result<Value> read(size_t most) const;
  /// The same, waiting so long at most.
  Result<Value> read(size_t most, std::chrono::nanoseconds time) const;
  void close() const;

 private:
  explicit DynamicStream(Value::Stream stream) : stream_(std::move(stream)) {}
  Result<Value> read_until(size_t most, detail::Until until) const;

  Value::Stream stream_;
};

}  // namespace berth
