// SPDX-License-Identifier: Apache-2.0
#include "embed/value_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "berth/channel.h"
#include "berth/channel_ends.h"

namespace berth::embed {
namespace {

using Kind = Type::Kind;

/// What an error calls it: what is short as it is, else what it is.
std::string shown(const Value& value) {
  if (const auto* const text = value.get<std::string>())
    return fmt::format("a text of {} bytes", text->size());
  if (const auto* const bytes = value.get<Value::Bytes>()) return fmt::format("{} bytes", bytes->size());
  if (const auto* const list = value.get<Value::List>())
    return fmt::format("a list of {}", list->values.size());
  if (const auto* const tuple = value.get<Value::Tuple>()) {
    return fmt::format("a tuple of {}", tuple->values.size());
  }
  if (value.get<Value::Record>() != nullptr) return "a record";
  if (value.get<Value::Map>() != nullptr) return "a map";
  if (value.get<Value::Option>() != nullptr) return "an option";
  if (value.get<Value::Result>() != nullptr) return "a result";
  if (value.get<Value::Flags>() != nullptr) return "flags";
  if (const auto* const held = value.get<Value::Case>()) return fmt::format("the case '{}'", held->name);
  if (const auto* const handle = value.get<Value::Handle>()) return "a handle of " + handle->resource;
  if (const auto* const stream = value.get<Value::Stream>()) return "a " + to_wit(stream->type);
  return to_text(value);
}

bool is_scalar(char32_t code) {
  return code < 0xd800 || (code > 0xdfff && code <= 0x10ffff);
}

template <class T>
std::optional<uint64_t> integer_word(const Value& value) {
  const auto number = value.integer<T>();
  return number ? std::optional(static_cast<uint64_t>(*number)) : std::nullopt;
}

/// A number as a float: rounded, but never made infinite; an integer only as it is.
template <class T>
std::optional<T> as_float(const Value& value) {
  if (const auto* const number = value.get<float>()) return static_cast<T>(*number);
  if (const auto* const number = value.get<double>()) {
    const auto rounded = static_cast<T>(*number);
    return std::isinf(rounded) && !std::isinf(*number) ? std::nullopt : std::optional(rounded);
  }
  constexpr int64_t kExact = int64_t{1} << std::numeric_limits<T>::digits;
  const auto number = value.integer<int64_t>();
  if (!number || *number < -kExact || *number > kExact) return std::nullopt;
  return static_cast<T>(*number);
}

/// The word of what has one and no parts.
std::optional<uint64_t> word_of(const Value& value, Kind kind) {
  switch (kind) {
    case Kind::kBool:
      return value.get<bool>() ? std::optional<uint64_t>(*value.get<bool>()) : std::nullopt;
    case Kind::kS8:
      return integer_word<int8_t>(value);
    case Kind::kU8:
      return integer_word<uint8_t>(value);
    case Kind::kS16:
      return integer_word<int16_t>(value);
    case Kind::kU16:
      return integer_word<uint16_t>(value);
    case Kind::kS32:
      return integer_word<int32_t>(value);
    case Kind::kU32:
      return integer_word<uint32_t>(value);
    case Kind::kS64:
      return integer_word<int64_t>(value);
    case Kind::kU64:
      return integer_word<uint64_t>(value);
    case Kind::kF32: {
      const auto number = as_float<float>(value);
      return number ? std::optional<uint64_t>(std::bit_cast<uint32_t>(*number)) : std::nullopt;
    }
    case Kind::kF64: {
      const auto number = as_float<double>(value);
      return number ? std::optional(std::bit_cast<uint64_t>(*number)) : std::nullopt;
    }
    case Kind::kChar: {
      const auto* const code = value.get<char32_t>();
      return code != nullptr && is_scalar(*code) ? std::optional<uint64_t>(*code) : std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

/// Bytes of an element of a list that lies in one piece; 0 for what doesn't.
size_t size_in_piece(Kind kind) {
  switch (kind) {
    case Kind::kBool:
    case Kind::kS8:
    case Kind::kU8:
      return 1;
    case Kind::kS16:
    case Kind::kU16:
      return 2;
    case Kind::kS32:
    case Kind::kU32:
    case Kind::kF32:
    case Kind::kChar:
      return 4;
    case Kind::kS64:
    case Kind::kU64:
    case Kind::kF64:
      return 8;
    default:
      return 0;
  }
}

/// Writes values; the first part that doesn't fit ends it.
class ValueWriter {
 public:
  explicit ValueWriter(detail::Writer& to) : to_(to) {}

  bool write(const Value& value, const Type& type) {
    if (size_in_piece(type.kind) > 0) {
      const auto word = word_of(value, type.kind);
      if (!word) return unlike(value, type);
      to_.put(*word);
      return true;
    }
    switch (type.kind) {
      case Kind::kString: {
        const auto* const text = value.get<std::string>();
        if (text == nullptr) return unlike(value, type);
        to_.put(text->data(), text->size());
        return true;
      }
      case Kind::kList:
        return list(value, type);
      case Kind::kArray:
        return array(value, type);
      case Kind::kMap:
        return map(value, type);
      case Kind::kTuple:
        return tuple(value, type);
      case Kind::kRecord:
        return record(value, type);
      case Kind::kOption:
      case Kind::kResult:
      case Kind::kVariant:
      case Kind::kEnum:
        return case_of(value, type);
      case Kind::kFlags:
        return flags(value, type);
      case Kind::kOwn:
      case Kind::kBorrow:
        return handle(value, type);
      case Kind::kStream:
      case Kind::kFuture:
        return stream(value, type);
      default:
        return unlike(value, type);
    }
  }

  std::string error() const {
    return place_.empty() ? wrong_ : fmt::format("{}: {}", place_, wrong_);
  }

 private:
  bool wrong(std::string why) {
    wrong_ = std::move(why);
    return false;
  }
  bool unlike(const Value& value, const Type& type) {
    return wrong(fmt::format("wanted {}, found {}", to_wit(type), shown(value)));
  }
  /// On the way out of what is wrong: where it lies.
  bool inside(const std::string& place) {
    place_.insert(0, place);
    return false;
  }

  bool list(const Value& value, const Type& type) {
    const Type& element = type.parts.at(0).types.at(0);
    if (const auto* const bytes = value.get<Value::Bytes>(); bytes != nullptr && element.kind == Kind::kU8) {
      to_.put(bytes->data(), bytes->size());
      return true;
    }
    const auto* const found = value.get<Value::List>();
    if (found == nullptr) return unlike(value, type);
    if (const size_t size = size_in_piece(element.kind); size > 0) return piece(found->values, element, size);
    to_.put(found->values.size());
    return each(found->values, element);
  }

  bool piece(const std::vector<Value>& values, const Type& element, size_t size) {
    uint8_t* const bytes = to_.keep(values.size() * size);
    for (size_t i = 0; i < values.size(); ++i) {
      const auto word = word_of(values[i], element.kind);
      if (!word) return unlike(values[i], element) || inside(fmt::format("[{}]", i));
      static_assert(std::endian::native == std::endian::little);
      std::memcpy(bytes + i * size, &*word, size);
    }
    to_.put(bytes, values.size());
    return true;
  }

  bool each(const std::vector<Value>& values, const Type& element) {
    for (size_t i = 0; i < values.size(); ++i) {
      if (!write(values[i], element)) return inside(fmt::format("[{}]", i));
    }
    return true;
  }

  bool array(const Value& value, const Type& type) {
    const Type& element = type.parts.at(0).types.at(0);
    if (const auto* const bytes = value.get<Value::Bytes>(); bytes != nullptr && element.kind == Kind::kU8) {
      if (bytes->size() != type.length) return unlike(value, type);
      for (const uint8_t byte : *bytes) to_.put(byte);
      return true;
    }
    const auto* const found = value.get<Value::List>();
    if (found == nullptr || found->values.size() != type.length) return unlike(value, type);
    return each(found->values, element);
  }

  bool map(const Value& value, const Type& type) {
    const auto* const found = value.get<Value::Map>();
    if (found == nullptr) return unlike(value, type);
    to_.put(found->entries.size());
    for (size_t i = 0; i < found->entries.size(); ++i) {
      const Value::Entry& entry = found->entries[i];
      if (!write(entry.key, type.parts.at(0).types.at(0))) return inside(fmt::format("[key {}]", i));
      if (!write(entry.value, type.parts.at(1).types.at(0))) return inside(fmt::format("[{}]", i));
    }
    return true;
  }

  bool tuple(const Value& value, const Type& type) {
    const auto* const found = value.get<Value::Tuple>();
    if (found == nullptr || found->values.size() != type.parts.size()) return unlike(value, type);
    for (size_t i = 0; i < type.parts.size(); ++i) {
      if (!write(found->values[i], type.parts[i].types.at(0))) return inside(fmt::format(".{}", i));
    }
    return true;
  }

  bool record(const Value& value, const Type& type) {
    const auto* const found = value.get<Value::Record>();
    if (found == nullptr) return unlike(value, type);
    for (size_t i = 0; i < type.parts.size(); ++i) {
      const Type::Part& wanted = type.parts[i];
      // Mostly they come in WIT's order.
      const bool here = i < found->fields.size() && found->fields[i].name == wanted.name;
      const Value* const field = here ? &found->fields[i].value : value.field(wanted.name);
      if (field == nullptr) return wrong(fmt::format("the field '{}' is missing", wanted.name));
      if (!write(*field, wanted.types.at(0))) return inside("." + wanted.name);
    }
    // All that are wanted are there, so what is more is another one, or one of them again.
    if (found->fields.size() == type.parts.size()) return true;
    return wrong(fmt::format("{} fields are wanted, found {}", type.parts.size(), found->fields.size()));
  }

  bool case_of(const Value& value, const Type& type) {
    size_t number = type.parts.size();
    const std::vector<Value>* payload = nullptr;
    std::string name;
    const Type::Part* wanted = nullptr;
    if (type.kind == Kind::kOption) {
      const auto* const option = value.get<Value::Option>();
      if (option == nullptr) return unlike(value, type);
      number = option->value.size();
      payload = &option->value;
      if (!payload->empty()) wanted = &type.parts.at(0);
      name = "some";
    } else if (type.kind == Kind::kResult) {
      const auto* const result = value.get<Value::Result>();
      if (result == nullptr) return unlike(value, type);
      number = result->ok ? 0 : 1;
      payload = &result->value;
      wanted = &type.parts.at(number);
      name = result->ok ? "ok" : "error";
    } else {
      const auto* const held = value.get<Value::Case>();
      if (held == nullptr) return unlike(value, type);
      const auto found = std::ranges::find(type.parts, held->name, &Type::Part::name);
      if (found == type.parts.end()) return unlike(value, type);
      number = static_cast<size_t>(found - type.parts.begin());
      payload = &held->value;
      wanted = &*found;
      name = held->name;
    }
    to_.put(number);
    const bool has = wanted != nullptr && !wanted->types.empty();
    if (payload->size() != (has ? 1 : 0)) {
      return wrong(fmt::format("the case '{}' has {} value, found {}", name, has ? "a" : "no",
                               payload->empty() ? "none" : "one"));
    }
    return !has || write(payload->front(), wanted->types.front()) || inside("." + name);
  }

  bool flags(const Value& value, const Type& type) {
    const auto* const found = value.get<Value::Flags>();
    if (found == nullptr) return unlike(value, type);
    std::vector<uint64_t> words((type.parts.size() + 63) / 64);
    for (const std::string& name : found->names) {
      const auto flag = std::ranges::find(type.parts, name, &Type::Part::name);
      if (flag == type.parts.end())
        return wrong(fmt::format("wanted {}, found the flag '{}'", to_wit(type), name));
      const auto number = static_cast<size_t>(flag - type.parts.begin());
      words[number / 64] |= uint64_t{1} << number % 64;
    }
    for (const uint64_t word : words) to_.put(word);
    return true;
  }

  bool handle(const Value& value, const Type& type) {
    const auto* const found = value.get<Value::Handle>();
    if (found == nullptr || found->held == nullptr || found->resource != type.name)
      return unlike(value, type);
    if (type.kind == Kind::kOwn) {
      detail::Held::give_back(to_, found->held);
    } else {
      found->held->lend(to_);
    }
    return to_.refused() == nullptr || wrong(to_.refused());
  }

  bool stream(const Value& value, const Type& type) {
    const auto* const found = value.get<Value::Stream>();
    if (found == nullptr || found->end == nullptr || !fits(found->type, type)) return unlike(value, type);
    detail::ReaderEnd::give(to_, found->end);
    return to_.refused() == nullptr || wrong(to_.refused());
  }

  detail::Writer& to_;
  std::string place_;
  std::string wrong_;
};

}  // namespace

Result<void> put(detail::Writer& to, const Value& value, const Type& type) {
  ValueWriter writer(to);
  if (writer.write(value, type)) return {};
  return fail(ErrorCode::kInvalidArgument, writer.error());
}

}  // namespace berth::embed
