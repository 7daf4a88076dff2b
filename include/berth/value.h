// SPDX-License-Identifier: Apache-2.0
#pragma once
// Values of types that a program learns at run time.
//
//   auto total = instance->function("rule.total").value();      // berth::DynamicFunction (dynamic.h)
//   std::cout << to_wit(total.type()) << '\n';
//   const berth::Value order = berth::Value::record({{"id", 7}, {"tags", berth::Value::list({"a", "b"})}});
//   std::cout << to_text(total({order, true}).value()) << '\n';
//
// A value knows no WIT type: whether it is one of some type is looked at where it is given to a function.
// Values are free to copy, and safe on any thread; copying, comparing and destroying one takes stack for each
// level of it.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "berth/codec.h"
#include "berth/resource.h"
#include "berth/result.h"
#include "berth/type.h"

namespace berth {

/// | WIT | how it is made | what `get` finds in it |
/// |---|---|---|
/// | bool, char, string | Value(true), Value(U'a'), Value("text") | bool, char32_t, std::string |
/// | s8 … u64 | Value(7): of any integer type that has the number | int64_t if negative, else uint64_t;
/// `integer` | | f32, f64 | Value(1.5F), Value(1.5), or an integer | float, double | | list<u8>, list<u8, N>
/// | Value(bytes), or as any list | Value::Bytes | | list<T>, list<T, N> | Value::list({…}) | Value::List |
/// | map<K, V> | Value::map({{key, value}, …}) | Value::Map |
/// | tuple | Value::tuple({…}) | Value::Tuple |
/// | record | Value::record({{"name", value}, …}), in any order | Value::Record, in WIT's order |
/// | variant, enum | Value::of_case("name", value), Value::of_case("name") | Value::Case |
/// | flags | Value::flags({"read", "write"}) | Value::Flags, in WIT's order |
/// | option | Value::some(value), Value::none() | Value::Option |
/// | result | Value::ok(value), Value::ok(), Value::error(value), Value::error() | Value::Result |
/// | own, borrow of a module's resource | what a function gave | Value::Handle |
/// | stream, future | DynamicStream (dynamic_stream.h) | Value::Stream |
/// | no result of a function | Value() | Value::Tuple, an empty one |
class Value {
 public:
  struct Field;
  struct Entry;
  using Bytes = std::vector<uint8_t>;
  struct List {
    std::vector<Value> values;
    bool operator==(const List& other) const;
  };
  struct Tuple {
    std::vector<Value> values;
    bool operator==(const Tuple& other) const;
  };
  struct Record {
    std::vector<Field> fields;
    bool operator==(const Record& other) const;
  };
  struct Map {
    std::vector<Entry> entries;
    bool operator==(const Map& other) const;
  };
  struct Case {
    std::string name;
    std::vector<Value> value{};  // one, or none
    bool operator==(const Case& other) const;
  };
  struct Flags {
    std::vector<std::string> names;
    bool operator==(const Flags&) const = default;
  };
  struct Option {
    std::vector<Value> value{};  // one, or none
    bool operator==(const Option& other) const;
  };
  struct Result {
    bool ok = true;
    std::vector<Value> value{};  // one, or none
    bool operator==(const Result& other) const;
  };
  /// A module's resource, as berth::Own has it: copies share it; handed over, it can't be used again, and it
  /// goes to no other instance than the one that gave it.
  struct Handle {
    std::string resource;  // "shop:price/counters@1.0.0.counter"
    std::shared_ptr<detail::Held> held;
    bool operator==(const Handle&) const = default;  // the same one
  };
  /// The reading end of a stream or a future: copies are of the same one (dynamic_stream.h reads it).
  struct Stream {
    Type type;  // kStream or kFuture
    std::shared_ptr<detail::ReaderEnd> end;
    bool operator==(const Stream&) const = default;  // the same one
  };

  Value();
  Value(const Value& other);
  Value(Value&& other) noexcept;
  Value& operator=(const Value& other);
  Value& operator=(Value&& other) noexcept;
  ~Value();
  // What a number or a text is goes without saying.
  // NOLINTBEGIN(google-explicit-constructor)
  template <std::same_as<bool> T>
  Value(T value) : Value(Truth{value}) {}
  template <detail::Integer T>
  Value(T value) : Value(number_of(value)) {}
  Value(float value);
  Value(double value);
  Value(char32_t value);
  Value(std::string text);
  Value(std::string_view text);
  Value(const char* text);
  Value(Bytes bytes);
  // NOLINTEND(google-explicit-constructor)
  explicit Value(List list);
  explicit Value(Tuple tuple);
  explicit Value(Record record);
  explicit Value(Map map);
  explicit Value(Case value);
  explicit Value(Flags flags);
  explicit Value(Option option);
  explicit Value(Result result);
  explicit Value(Handle handle);
  explicit Value(Stream stream);

  static Value list(std::vector<Value> values);
  static Value tuple(std::vector<Value> values);
  static Value record(std::vector<Field> fields);
  static Value map(std::vector<Entry> entries);
  static Value of_case(std::string name);
  static Value of_case(std::string name, Value value);
  static Value flags(std::vector<std::string> names);
  static Value none();
  static Value some(Value value);
  static Value ok();
  static Value ok(Value value);
  static Value error();
  static Value error(Value value);

  /// Null when it is something else. It is there as long as the value.
  template <class T>
  const T* get() const {
    return std::get_if<T>(&held_);
  }
  /// Absent when it is no integer, or none of this type.
  template <detail::Integer T>
  std::optional<T> integer() const {
    const auto as = [](auto number) {
      return std::in_range<T>(number) ? std::optional(static_cast<T>(number)) : std::nullopt;
    };
    if (const auto* const number = get<int64_t>()) return as(*number);
    if (const auto* const number = get<uint64_t>()) return as(*number);
    return std::nullopt;
  }
  /// A record's field; null when it has none of this name, or is no record.
  const Value* field(std::string_view name) const;
  /// For std::visit.
  const auto& held() const {
    return held_;
  }

  /// NaN is no value's equal, and a float no double's.
  bool operator==(const Value& other) const;

 private:
  using Any = std::variant<bool, int64_t, uint64_t, float, double, char32_t, std::string, Bytes, List, Tuple,
                           Record, Map, Case, Flags, Option, Result, Handle, Stream>;

  struct Truth {
    bool value = false;
  };
  explicit Value(Truth truth);
  struct Number {
    bool negative = false;
    uint64_t bits = 0;
  };
  explicit Value(Number number);
  template <class T>
  static Number number_of(T value) {
    return {.negative = std::cmp_less(value, 0), .bits = static_cast<uint64_t>(value)};
  }

  Any held_;
};

struct Value::Field {
  std::string name;
  Value value;
  bool operator==(const Field&) const = default;
};
struct Value::Entry {
  Value key;
  Value value;
  bool operator==(const Entry&) const = default;
};

/// On one line, as `berth call` has it (WAVE): `{id: 7, tags: ["a", "b"]}`, `some(1.5)`, `circle(2)`. What
/// lies deeper than 100 levels is `…`.
std::string to_text(const Value& value);

}  // namespace berth
