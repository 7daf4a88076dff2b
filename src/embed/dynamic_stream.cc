// SPDX-License-Identifier: Apache-2.0
#include "berth/dynamic_stream.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/result.h"
#include "berth/resource.h"
#include "embed/value_channel.h"
#include "embed/value_words.h"

namespace berth {
namespace {

using Kind = Type::Kind;
using Bytes = detail::ChannelOf<uint8_t>;

constexpr size_t kMost = 1'000'000;

bool flows(const Type& type) {
  return (type.kind == Kind::kStream || type.kind == Kind::kFuture) && type.parts.size() == 1;
}

std::unexpected<Error> unlike(const Type& type, const Value& found) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("wanted a list for a {}, found {}", to_wit(type), to_text(found)));
}

/// The values of a list, each of the type of what goes through.
Result<std::vector<Value>> values_for(const Type& type, const Value& list) {
  const auto* const held = list.get<Value::List>();
  if (held == nullptr) return unlike(type, list);
  const auto element = embed::element_of(type);
  for (size_t i = 0; i < held->values.size(); ++i) {
    detail::Resources nobody;
    detail::Writer tried(nobody);
    auto written = element ? embed::put(tried, held->values[i], *element) : Result<void>();
    if (!written) {
      return fail(ErrorCode::kInvalidArgument, fmt::format("value {}: {}", i + 1, written.error().message));
    }
  }
  return held->values;
}

Result<std::vector<uint8_t>> bytes_for(const Type& type, const Value& list) {
  if (const auto* const bytes = list.get<Value::Bytes>()) return *bytes;
  const auto values = BERTH_TRY(values_for(type, list));
  std::vector<uint8_t> bytes;
  for (const Value& value : values) bytes.push_back(*value.integer<uint8_t>());
  return bytes;
}

}  // namespace

DynamicWriter::DynamicWriter(Type type, std::shared_ptr<detail::Channel> channel)
    : type_(std::move(type)),
      channel_(std::move(channel)),
      end_(std::make_shared<detail::WriterEnd>(channel_)) {}

Result<size_t> DynamicWriter::write(const Value& list) const {
  return write_until(list, {});
}

Result<size_t> DynamicWriter::write(const Value& list, std::chrono::nanoseconds time) const {
  return write_until(list, detail::until_in(time));
}

Result<size_t> DynamicWriter::write_until(const Value& list, detail::Until until) const {
  if (embed::is_of_bytes(type_)) {
    const auto bytes = BERTH_TRY(bytes_for(type_, list));
    return std::static_pointer_cast<Bytes>(channel_)->write(bytes, until);
  }
  const auto values = BERTH_TRY(values_for(type_, list));
  const auto channel = std::static_pointer_cast<embed::ValueChannel>(channel_);
  if (type_.kind == Kind::kStream) return channel->write(values, until);
  if (values.size() != 1) return unlike(type_, list);
  return channel->leave(values.front()) ? 1 : 0;
}

void DynamicWriter::close() const {
  channel_->writer_left();
}

Result<std::pair<DynamicWriter, DynamicStream>> DynamicStream::make(const Type& type) {
  if (!flows(type)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("wanted the type of a stream or a future, found {}", to_wit(type)));
  }
  auto channel = embed::ValueChannel::of(type);
  DynamicWriter writer(type, channel);
  Value::Stream stream{.type = type, .end = std::make_shared<detail::ReaderEnd>(std::move(channel))};
  return std::pair(std::move(writer), DynamicStream(std::move(stream)));
}

Result<DynamicStream> DynamicStream::of(const Value& value) {
  const auto* const stream = value.get<Value::Stream>();
  if (stream != nullptr && stream->end != nullptr && flows(stream->type)) return DynamicStream(*stream);
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("wanted a stream or a future, found {}", to_text(value)));
}

Result<Value> DynamicStream::read(size_t most) const {
  return read_until(most, {});
}

Result<Value> DynamicStream::read(size_t most, std::chrono::nanoseconds time) const {
  return read_until(most, detail::until_in(time));
}

Result<Value> DynamicStream::read_until(size_t most, detail::Until until) const {
  BERTH_TRY_VOID(stream_.end->check());
  const auto& channel = stream_.end->channel();
  if (embed::is_of_bytes(stream_.type)) {
    return Value(BERTH_TRY(std::static_pointer_cast<Bytes>(channel)->read(most, until)));
  }
  const auto values = std::static_pointer_cast<embed::ValueChannel>(channel);
  auto read = BERTH_TRY(values->read(std::min(most, kMost), until));
  if (stream_.type.kind == Kind::kFuture && !read.empty()) channel->writer_left();
  return Value::list(std::move(read));
}

void DynamicStream::close() const {
  stream_.end->close();
}

}  // namespace berth
