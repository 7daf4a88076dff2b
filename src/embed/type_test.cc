// SPDX-License-Identifier: Apache-2.0
// Types of C++ as WIT, and when one fits another.

#include <doctest/doctest.h>

#include "berth/codec.h"
#include "embed/description.h"

namespace berth {
namespace {

struct Pair {
  uint8_t first;
  std::string second;
};

template <class T>
std::string wit() {
  return to_wit(detail::type_of<T>());
}

TEST_CASE("types of C++ as WIT") {
  CHECK(wit<bool>() == "bool");
  CHECK(wit<int8_t>() == "s8");
  CHECK(wit<long>() == "s64");
  CHECK(wit<long long>() == "s64");
  CHECK(wit<char32_t>() == "char");
  CHECK(wit<std::vector<std::string>>() == "list<string>");
  CHECK(wit<std::array<float, 3>>() == "list<f32, 3>");
  CHECK(wit<std::map<std::string, uint8_t>>() == "map<string, u8>");
  CHECK(wit<std::expected<void, std::monostate>>() == "result");
  CHECK(wit<std::expected<void, std::string>>() == "result<_, string>");
  CHECK(wit<std::expected<double, std::monostate>>() == "result<f64>");
  CHECK(wit<Pair>() == "record { _: u8, _: string }");
  CHECK(wit<std::variant<std::monostate, Pair>>() == "variant { _, _(record { _: u8, _: string }) }");
}

Type found(std::string_view json) {
  const std::string text =
      R"({"name":"f","wit":"","async":false,"params":[],"result":)" + std::string(json) + "}";
  return *embed::read_description(text).value().type.result;
}

TEST_CASE("a type fits what says more of the same") {
  const Type record = found(R"({"record":[["a","u8"],["b","string"]]})");
  CHECK(to_wit(record) == "record { a: u8, b: string }");
  CHECK(fits(detail::type_of<Pair>(), record));
  CHECK(fits(detail::type_of<Pair>(), found(R"({"tuple":["u8","string"]})")));
  CHECK_FALSE(fits(detail::type_of<Pair>(), found(R"({"tuple":["u8","string","u8"]})")));
  CHECK_FALSE(fits(detail::type_of<std::tuple<uint8_t, std::string>>(), record));
  CHECK_FALSE(fits(detail::type_of<std::vector<uint8_t>>(), found(R"({"list":"s8"})")));
  CHECK_FALSE(fits(detail::type_of<std::array<uint8_t, 3>>(), found(R"({"array":["u8",4]})")));
  CHECK_FALSE(
      fits(detail::type_of<std::expected<uint8_t, std::monostate>>(), found(R"({"result":[null,"u8"]})")));
}

TEST_CASE("a resource fits nothing yet, and is named") {
  CHECK(to_wit(found(R"({"own":"resource"})")) == "own<resource>");
  CHECK_FALSE(fits(detail::type_of<uint32_t>(), found(R"({"own":"resource"})")));
}

TEST_CASE("what is no description is an error") {
  CHECK(embed::read_description("{").error().code == ErrorCode::kInternal);
  CHECK(embed::read_description("{}").error().code == ErrorCode::kInternal);
}

}  // namespace
}  // namespace berth
