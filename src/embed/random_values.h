// SPDX-License-Identifier: Apache-2.0
#pragma once
// For tests: types and values of them by chance, the same ones for the same seed.

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "berth/type.h"
#include "berth/value.h"

namespace berth::embed {

class RandomValues {
 public:
  explicit RandomValues(uint32_t seed) : bits_(seed) {}

  uint64_t below(uint64_t end) {
    return bits_() % end;
  }

  /// Of everything but resources.
  Type type(int depth) {
    using Kind = Type::Kind;
    constexpr uint64_t kWithoutParts = 13;
    constexpr uint64_t kAll = static_cast<uint64_t>(Kind::kFlags) + 1;
    Type made{.kind = static_cast<Kind>(below(depth == 0 ? kWithoutParts : kAll))};
    const auto inner = [&] { return detail::part(type(depth - 1)); };
    const auto named = [&](size_t number, bool with_type) {
      Type::Part part{.name = "n" + std::to_string(number)};
      if (with_type) part.types.push_back(type(depth - 1));
      return part;
    };
    const size_t count = 1 + below(5);
    switch (made.kind) {
      case Kind::kArray:
        made.length = static_cast<uint32_t>(count);
        [[fallthrough]];
      case Kind::kList:
      case Kind::kOption:
        made.parts = {inner()};
        break;
      case Kind::kMap:
        made.parts = {inner(), inner()};
        break;
      case Kind::kResult:
        for (int i = 0; i < 2; ++i) made.parts.push_back(below(3) > 0 ? inner() : Type::Part());
        break;
      case Kind::kTuple:
        for (size_t i = 0; i < count; ++i) made.parts.push_back(inner());
        break;
      case Kind::kRecord:
        for (size_t i = 0; i < count; ++i) made.parts.push_back(named(i, true));
        break;
      case Kind::kVariant:
        for (size_t i = 0; i < count; ++i) made.parts.push_back(named(i, below(3) > 0));
        break;
      case Kind::kEnum:
        for (size_t i = 0; i < count; ++i) made.parts.push_back(named(i, false));
        break;
      case Kind::kFlags:
        for (size_t i = below(3) == 0 ? 70 : count; i > 0; --i) made.parts.push_back(named(i, false));
        break;
      default:
        break;
    }
    return made;
  }

  /// One of the type, as it comes back from a module.
  Value value(const Type& type) {
    using Kind = Type::Kind;
    switch (type.kind) {
      case Kind::kBool:
        return below(2) == 1;
      case Kind::kS8:
        return static_cast<int8_t>(bits());
      case Kind::kU8:
        return static_cast<uint8_t>(bits());
      case Kind::kS16:
        return static_cast<int16_t>(bits());
      case Kind::kU16:
        return static_cast<uint16_t>(bits());
      case Kind::kS32:
        return static_cast<int32_t>(bits());
      case Kind::kU32:
        return static_cast<uint32_t>(bits());
      case Kind::kS64:
        return static_cast<int64_t>(bits());
      case Kind::kU64:
        return bits();
      case Kind::kF32:
        return static_cast<float>(static_cast<int32_t>(bits())) / 8;
      case Kind::kF64:
        return static_cast<double>(static_cast<int64_t>(bits())) / 1024;
      case Kind::kChar:
        return static_cast<char32_t>(below(2) == 0 ? below(0xd800) : 0xe000 + below(0x102000));
      case Kind::kString:
        return std::string(below(20), static_cast<char>('a' + below(26)));
      case Kind::kList:
        return list(type.parts.at(0).types.at(0), below(6));
      case Kind::kArray:
        return list(type.parts.at(0).types.at(0), type.length);
      case Kind::kFlags:
        return flags(type);
      default:
        return compound(type);
    }
  }

 private:
  uint64_t bits() {
    // Small ones, too.
    return bits_() >> below(64);
  }

  Value list(const Type& element, size_t count) {
    if (element.kind == Type::Kind::kU8) {
      Value::Bytes bytes;
      for (size_t i = 0; i < count; ++i) bytes.push_back(static_cast<uint8_t>(bits()));
      return bytes;
    }
    std::vector<Value> values;
    for (size_t i = 0; i < count; ++i) values.push_back(value(element));
    return Value::list(std::move(values));
  }

  Value flags(const Type& type) {
    std::vector<std::string> names;
    for (const Type::Part& part : type.parts) {
      if (below(2) == 1) names.push_back(part.name);
    }
    return Value::flags(std::move(names));
  }

  std::vector<Value> payload(const Type::Part& part) {
    std::vector<Value> held;
    if (!part.types.empty()) held.push_back(value(part.types.front()));
    return held;
  }

  Value compound(const Type& type) {
    using Kind = Type::Kind;
    if (type.kind == Kind::kOption) {
      return below(2) == 0 ? Value::none() : Value(Value::Option{payload(type.parts.at(0))});
    }
    if (type.kind == Kind::kResult) {
      const size_t number = below(2);
      return Value(Value::Result{.ok = number == 0, .value = payload(type.parts.at(number))});
    }
    if (type.kind == Kind::kVariant || type.kind == Kind::kEnum) {
      const Type::Part& chosen = type.parts.at(below(type.parts.size()));
      return Value(Value::Case{.name = chosen.name, .value = payload(chosen)});
    }
    if (type.kind == Kind::kMap) {
      std::vector<Value::Entry> entries;
      for (size_t i = below(4); i > 0; --i) {
        Value key = value(type.parts.at(0).types.at(0));
        entries.push_back({.key = std::move(key), .value = value(type.parts.at(1).types.at(0))});
      }
      return Value::map(std::move(entries));
    }
    if (type.kind == Kind::kRecord) {
      std::vector<Value::Field> fields;
      for (const Type::Part& part : type.parts) {
        fields.push_back({.name = part.name, .value = value(part.types.at(0))});
      }
      return Value::record(std::move(fields));
    }
    std::vector<Value> values;
    for (const Type::Part& part : type.parts) values.push_back(value(part.types.at(0)));
    return Value::tuple(std::move(values));
  }

  std::mt19937_64 bits_;
};

}  // namespace berth::embed
