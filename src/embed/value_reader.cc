// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <memory>
#include <span>
#include <utility>

#include "embed/value_channel.h"
#include "embed/value_words.h"

namespace berth::embed {
namespace {

using Kind = Type::Kind;

template <class T>
std::vector<Value> values_of(std::span<const T> piece) {
  return {piece.begin(), piece.end()};
}

}  // namespace

Result<Value> ValueReader::take(const Type& type) {
  Value value = read(type);
  if (!too_many_) return value;
  return fail(
      ErrorCode::kUnsupported,
      "more than a million values: a function with C++ types (Instance::function<…>) takes any number");
}

size_t ValueReader::room(uint64_t count) {
  if (count > left_) too_many_ = true;
  if (too_many_) return 0;
  left_ -= static_cast<size_t>(count);
  return static_cast<size_t>(count);
}

Value ValueReader::read(const Type& type) {
  // Words that were passed over may not be taken for others.
  if (too_many_) return {};
  switch (type.kind) {
    case Kind::kString: {
      const auto letters = from_.piece<char>();
      return std::string(letters.data(), letters.size());
    }
    case Kind::kList:
      return list(type.parts.at(0).types.at(0));
    case Kind::kArray:
      return array(type);
    case Kind::kMap:
      return map(type);
    case Kind::kTuple:
      return tuple(type);
    case Kind::kRecord:
      return record(type);
    case Kind::kVariant:
    case Kind::kEnum:
    case Kind::kOption:
    case Kind::kResult:
      return case_of(type);
    case Kind::kFlags:
      return flags(type);
    case Kind::kOwn:
      return Value(
          Value::Handle{.resource = type.name,
                        .held = std::make_shared<detail::Held>(from_.resources().instance(), from_.next())});
    case Kind::kStream:
    case Kind::kFuture:
      return stream(type);
    default:
      return plain(type.kind);
  }
}

Value ValueReader::stream(const Type& type) {
  auto channel = ValueChannel::of(type);
  detail::expect(from_.resources(), from_.next(), channel);
  return Value(Value::Stream{.type = type, .end = std::make_shared<detail::ReaderEnd>(std::move(channel))});
}

Value ValueReader::plain(Kind kind) {
  const uint64_t word = from_.next();
  switch (kind) {
    case Kind::kBool:
      return word != 0;
    case Kind::kS8:
      return static_cast<int8_t>(word);
    case Kind::kU8:
      return static_cast<uint8_t>(word);
    case Kind::kS16:
      return static_cast<int16_t>(word);
    case Kind::kU16:
      return static_cast<uint16_t>(word);
    case Kind::kS32:
      return static_cast<int32_t>(word);
    case Kind::kU32:
      return static_cast<uint32_t>(word);
    case Kind::kS64:
      return static_cast<int64_t>(word);
    case Kind::kF32:
      return std::bit_cast<float>(static_cast<uint32_t>(word));
    case Kind::kF64:
      return std::bit_cast<double>(word);
    case Kind::kChar:
      return static_cast<char32_t>(word);
    default:
      return word;
  }
}

Value ValueReader::list(const Type& element) {
  const auto piece = [this]<class T>(T) -> Value {
    const auto found = from_.piece<T>();
    return Value::list(values_of(found.first(room(found.size()))));
  };
  switch (element.kind) {
    case Kind::kU8: {
      const auto bytes = from_.piece<uint8_t>();
      return Value::Bytes(bytes.begin(), bytes.end());
    }
    case Kind::kBool: {
      // A module's own may be any byte but 0.
      const auto found = from_.piece<uint8_t>();
      std::vector<Value> values;
      for (const uint8_t byte : found.first(room(found.size()))) values.emplace_back(byte != 0);
      return Value::list(std::move(values));
    }
    case Kind::kS8:
      return piece(int8_t());
    case Kind::kS16:
      return piece(int16_t());
    case Kind::kU16:
      return piece(uint16_t());
    case Kind::kS32:
      return piece(int32_t());
    case Kind::kU32:
      return piece(uint32_t());
    case Kind::kS64:
      return piece(int64_t());
    case Kind::kU64:
      return piece(uint64_t());
    case Kind::kF32:
      return piece(float());
    case Kind::kF64:
      return piece(double());
    case Kind::kChar:
      return piece(char32_t());
    default:
      break;
  }
  std::vector<Value> values;
  const size_t count = room(from_.next());
  values.reserve(count);
  for (size_t i = 0; i < count && !too_many_; ++i) values.push_back(read(element));
  return Value::list(std::move(values));
}

Value ValueReader::array(const Type& type) {
  const Type& element = type.parts.at(0).types.at(0);
  const size_t count = room(type.length);
  if (element.kind == Kind::kU8) {
    Value::Bytes bytes(count);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(from_.next());
    return bytes;
  }
  std::vector<Value> values;
  values.reserve(count);
  for (size_t i = 0; i < count && !too_many_; ++i) values.push_back(read(element));
  return Value::list(std::move(values));
}

Value ValueReader::map(const Type& type) {
  std::vector<Value::Entry> entries;
  const uint64_t found = from_.next();
  const size_t count = room(found > kMost ? found : 2 * found) / 2;
  entries.reserve(count);
  for (size_t i = 0; i < count && !too_many_; ++i) {
    Value key = read(type.parts.at(0).types.at(0));
    Value value = read(type.parts.at(1).types.at(0));
    entries.push_back({.key = std::move(key), .value = std::move(value)});
  }
  return Value::map(std::move(entries));
}

Value ValueReader::tuple(const Type& type) {
  std::vector<Value> values;
  values.reserve(room(type.parts.size()));
  for (const Type::Part& part : type.parts) values.push_back(read(part.types.at(0)));
  return Value::tuple(std::move(values));
}

Value ValueReader::record(const Type& type) {
  std::vector<Value::Field> fields;
  fields.reserve(room(type.parts.size()));
  for (const Type::Part& part : type.parts) {
    fields.push_back({.name = part.name, .value = read(part.types.at(0))});
  }
  return Value::record(std::move(fields));
}

std::vector<Value> ValueReader::payload(const Type::Part& part) {
  std::vector<Value> value;
  if (!part.types.empty() && room(1) == 1) value.push_back(read(part.types.front()));
  return value;
}

Value ValueReader::case_of(const Type& type) {
  const auto number = static_cast<size_t>(from_.next());
  if (type.kind == Kind::kOption) {
    return number == 0 ? Value::none() : Value(Value::Option{payload(type.parts.at(0))});
  }
  if (type.kind == Kind::kResult) {
    return Value(Value::Result{.ok = number == 0, .value = payload(type.parts.at(number))});
  }
  const Type::Part& found = type.parts.at(number);
  return Value(Value::Case{.name = found.name, .value = payload(found)});
}

Value ValueReader::flags(const Type& type) {
  std::vector<std::string> names;
  uint64_t word = 0;
  for (size_t i = 0; i < type.parts.size(); ++i) {
    if (i % 64 == 0) word = from_.next();
    if ((word >> i % 64 & 1) != 0) names.push_back(type.parts[i].name);
  }
  return Value::flags(std::move(names));
}

}  // namespace berth::embed
