// SPDX-License-Identifier: Apache-2.0
#include "embed/value_words.h"

#include <doctest/doctest.h>

#include "embed/random_values.h"

namespace berth::embed {
namespace {

using Kind = Type::Kind;

Result<Value> there_and_back(const Value& value, const Type& type) {
  detail::Resources resources;
  detail::Writer words(resources);
  if (auto written = put(words, value, type); !written) return std::unexpected(written.error());
  return ValueReader(detail::Reader(words.words(), resources)).take(type);
}

std::string wrong(const Value& value, const Type& type) {
  const auto back = there_and_back(value, type);
  return back ? "fits: " + to_text(*back) : back.error().message;
}

TEST_CASE("values of types by chance come back as they were") {
  RandomValues random(7);
  for (int i = 0; i < 3000; ++i) {
    const Type type = random.type(static_cast<int>(random.below(5)));
    const Value value = random.value(type);
    const auto back = there_and_back(value, type);
    REQUIRE_MESSAGE(back, to_wit(type), " ", to_text(value), " ", back.error().message);
    REQUIRE_MESSAGE(*back == value, to_wit(type), " ", to_text(value), " ", to_text(*back));
  }
}

TEST_CASE("a value either is one of a type, and then the words are, or it is refused with a reason") {
  RandomValues random(8);
  int refused = 0;
  for (int i = 0; i < 5000; ++i) {
    const Type type = random.type(static_cast<int>(random.below(4)));
    const Value value = random.value(random.type(static_cast<int>(random.below(4))));
    const auto back = there_and_back(value, type);
    if (back) {
      CHECK(there_and_back(*back, type) == back);
    } else {
      ++refused;
      CHECK(back.error().code == ErrorCode::kInvalidArgument);
      CHECK_FALSE(back.error().message.empty());
    }
  }
  CHECK(refused > 3000);
}

/// Writes it without C++ types, and takes it with them; then the other way round.
template <class T>
void same_as_typed(const T& typed, const Value& value) {
  const Type type = detail::type_of<T>();
  detail::Resources resources;
  detail::Writer words(resources);
  REQUIRE(put(words, value, type));
  detail::Reader reader(words.words(), resources);
  CHECK(detail::take<T>(reader) == typed);
  words.clear();
  detail::put(words, typed);
  CHECK(ValueReader(detail::Reader(words.words(), resources)).take(type) == value);
}

TEST_CASE("words are the same with C++ types and without") {
  same_as_typed(std::map<std::string, uint16_t>{{"one", 1}, {"two", 2}},
                Value::map({{"one", 1}, {"two", 2}}));
  same_as_typed(std::array<int32_t, 3>{1, -2, 3}, Value::list({1, -2, 3}));
  same_as_typed(std::array<uint8_t, 2>{1, 255}, Value(Value::Bytes{1, 255}));
  same_as_typed(std::vector<bool>{true, false}, Value::list({true, false}));
  same_as_typed(std::vector<double>{0.5, -1e300}, Value::list({0.5, -1e300}));
  same_as_typed(std::vector<std::optional<char32_t>>{U'a', std::nullopt},
                Value::list({Value::some(U'a'), Value::none()}));
  same_as_typed(std::expected<void, int64_t>(std::unexpected(INT64_MIN)), Value::error(INT64_MIN));
}

TEST_CASE("an integer is one of any type that has it, a float is rounded, and nothing else is converted") {
  CHECK(there_and_back(255, {.kind = Kind::kU8}) == Value(255));
  CHECK(wrong(256, {.kind = Kind::kU8}) == "wanted u8, found 256");
  CHECK(wrong(-1, {.kind = Kind::kU64}) == "wanted u64, found -1");
  CHECK(wrong(UINT64_MAX, {.kind = Kind::kS64}) == "wanted s64, found 18446744073709551615");
  CHECK(wrong(1.0, {.kind = Kind::kS32}) == "wanted s32, found 1");
  CHECK(there_and_back(1.1, {.kind = Kind::kF32}) == Value(1.1F));
  CHECK(there_and_back(1 << 24, {.kind = Kind::kF32}) == Value(16777216.0F));
  CHECK(wrong((1 << 24) + 1, {.kind = Kind::kF32}) == "wanted f32, found 16777217");
  CHECK(wrong(1e300, {.kind = Kind::kF32}) == "wanted f32, found 1e+300");
  CHECK(wrong(char32_t{0xd800}, {.kind = Kind::kChar}) == "wanted char, found '\\u{d800}'");
  CHECK(wrong("a", {.kind = Kind::kChar}) == "wanted char, found a text of 1 bytes");
  CHECK(wrong(true, {.kind = Kind::kU8}) == "wanted u8, found true");
  CHECK(wrong(Value(), {.kind = Kind::kOther, .name = "stream<u8>"}) ==
        "wanted stream<u8>, found a tuple of 0");
}

Type order() {
  const Type tags{.kind = Kind::kList, .parts = {detail::part({.kind = Kind::kString})}};
  const Type paid{.kind = Kind::kVariant,
                  .parts = {{.name = "no"}, detail::part({.kind = Kind::kU32}, "cash")}};
  return {.kind = Kind::kRecord, .parts = {detail::part(tags, "tags"), detail::part(paid, "paid")}};
}

Value order_of(Value tag, Value paid) {
  return Value::record({{"paid", std::move(paid)}, {"tags", Value::list({"a", std::move(tag)})}});
}

TEST_CASE("what is wrong is told with its place") {
  const auto back = there_and_back(order_of("b", Value::of_case("cash", 5)), order());
  REQUIRE(back);
  CHECK(to_text(*back) == "{tags: [\"a\", \"b\"], paid: cash(5)}");
  CHECK(back->field("paid")->get<Value::Case>()->value.front().integer<uint32_t>() == 5U);
  CHECK(back->field("price") == nullptr);
  const Value no = Value::of_case("no");
  CHECK(wrong(order_of(7, no), order()) == ".tags[1]: wanted string, found 7");
  CHECK(wrong(order_of("b", Value::of_case("cash", -1)), order()) == ".paid.cash: wanted u32, found -1");
  CHECK(wrong(order_of("b", Value::of_case("cash")), order()) ==
        ".paid: the case 'cash' has a value, found none");
  CHECK(wrong(order_of("b", Value::of_case("no", 1)), order()) ==
        ".paid: the case 'no' has no value, found one");
  CHECK(wrong(order_of("b", Value::of_case("card")), order()) ==
        ".paid: wanted variant { no, cash(u32) }, found the case 'card'");
  CHECK(wrong(Value::record({{"paid", no}}), order()) == "the field 'tags' is missing");
  CHECK(wrong(Value::record({{"paid", no}, {"tags", Value::list({})}, {"paid", no}}), order()) ==
        "2 fields are wanted, found 3");
}

TEST_CASE("no more values are read than a million, whatever the words say") {
  detail::Resources resources;
  const Type texts{.kind = Kind::kList, .parts = {detail::part({.kind = Kind::kString})}};
  const std::vector<uint64_t> words{UINT64_MAX};
  const auto many = ValueReader(detail::Reader(words, resources)).take(texts);
  REQUIRE_FALSE(many);
  CHECK(many.error().code == ErrorCode::kUnsupported);
  const Type maps{.kind = Kind::kMap, .parts = {detail::part({.kind = Kind::kBool}), detail::part(texts)}};
  CHECK_FALSE(ValueReader(detail::Reader(words, resources)).take(maps));
}

TEST_CASE("values as text") {
  CHECK(to_text(Value()) == "()");
  CHECK(to_text("a\"\n\\ é\x01") == "\"a\\\"\\n\\\\ é\\u{1}\"");
  CHECK(to_text(U'\'') == "'\\''");
  CHECK(to_text(Value::list({1.5F, 0.1, -3, true})) == "[1.5, 0.1, -3, true]");
  CHECK(to_text(Value::ok(Value::some(Value::none()))) == "ok(some(none))");
  CHECK(to_text(Value::error()) == "err");
  CHECK(to_text(Value::tuple({Value::of_case("ok"), Value::flags({"a", "b"})})) == "(%ok, {a, b})");
  CHECK(to_text(Value(Value::Bytes{1, 2})) == "[1, 2]");
  Value deep = 1;
  for (int i = 0; i < 5000; ++i) deep = Value::some(std::move(deep));
  CHECK(to_text(deep).size() < 1000);
  CHECK(wrong(deep, {.kind = Kind::kU8}) == "wanted u8, found an option");
}

}  // namespace
}  // namespace berth::embed
