// SPDX-License-Identifier: Apache-2.0
#pragma once
// The types of tests/guests/wit/every in C++, and values of all of them that have to come back from an
// instance.

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <memory>

#include "berth/berth.h"

namespace every {

enum class Colour : uint8_t { kRed, kGreen, kBlue };
enum class Access : uint8_t { kNone = 0, kRead = 1, kWrite = 2, kExecute = 4 };
enum class Bits : uint32_t {};

struct Point {
  float x = 0;
  float y = 0;
  bool operator==(const Point&) const = default;
};

struct Reading {
  uint64_t id = 0;
  std::string name;
  std::vector<double> values;
  bool ok = false;
  uint32_t a = 0;
  uint32_t b = 0;
  int64_t c = 0;
  float d = 0;
  bool operator==(const Reading&) const = default;
};

using Shape = std::variant<std::monostate, float, std::tuple<Point, Point>, std::string, uint64_t>;

/// The same with its cases' names.
struct NamedShape : Shape {
  using variant = Shape;
};

}  // namespace every

template <>
struct berth::Describe<every::Colour> : berth::Enum<"red", "green", "blue"> {};
template <>
struct berth::Describe<every::Access> : berth::Flags<"read", "write", "execute"> {};
template <>
struct berth::Describe<every::Bits>
    : berth::Flags<"n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "n9", "n10", "n11", "n12", "n13",
                   "n14", "n15", "n16", "n17", "n18", "n19", "n20", "n21", "n22", "n23", "n24", "n25", "n26",
                   "n27", "n28", "n29", "n30", "n31"> {};
template <>
struct berth::Describe<every::Point> : berth::Record<"x", "y"> {};
template <>
struct berth::Describe<every::NamedShape>
    : berth::Variant<"nothing", "circle", "rectangle", "label", "wide"> {};

namespace every {

/// Sends a value there and back.
template <class T>
T echo(berth::Instance& instance, const char* function, const T& value) {
  auto bound = instance.function<T(T)>(function);
  REQUIRE_MESSAGE(bound, bound.error().message);
  auto back = (*bound)(value);
  REQUIRE_MESSAGE(back, back.error().message);
  return *back;
}

template <class T>
void comes_back(berth::Instance& instance, const char* function, std::initializer_list<T> values) {
  for (const T& value : values) {
    const bool same = echo<T>(instance, function, value) == value;
    CHECK_MESSAGE(same, function);
  }
}

template <class T>
void whole_range_comes_back(berth::Instance& instance, const char* function) {
  using Limits = std::numeric_limits<T>;
  comes_back<T>(instance, function,
                {0, 1, Limits::min(), Limits::max(), static_cast<T>(-1), static_cast<T>(Limits::max() / 3)});
}

inline void numbers_come_back(berth::Instance& instance) {
  comes_back<bool>(instance, "bools", {false, true});
  whole_range_comes_back<int8_t>(instance, "s8s");
  whole_range_comes_back<uint8_t>(instance, "u8s");
  whole_range_comes_back<int16_t>(instance, "s16s");
  whole_range_comes_back<uint16_t>(instance, "u16s");
  whole_range_comes_back<int32_t>(instance, "s32s");
  whole_range_comes_back<uint32_t>(instance, "u32s");
  whole_range_comes_back<int64_t>(instance, "s64s");
  whole_range_comes_back<uint64_t>(instance, "u64s");
  comes_back<float>(instance, "f32s", {0.0F, -0.0F, 1.5F, -3e38F, std::numeric_limits<float>::infinity()});
  comes_back<double>(instance, "f64s", {0.0, 1.1, -1e308, 5e-324, -std::numeric_limits<double>::infinity()});
  CHECK(std::isnan(echo<float>(instance, "f32s", std::nanf(""))));
  CHECK(std::signbit(echo<double>(instance, "f64s", -0.0)));
  comes_back<char32_t>(instance, "chars", {U'a', U'\0', U'é', U'\xD7FF', U'\xE000', U'\x10FFFF'});
}

inline void pieces_come_back(berth::Instance& instance) {
  comes_back<std::string>(instance, "texts",
                          {"", "a", "sixteen letters!", "naïve — 漢字 🚢", std::string("a\0b", 3)});
  comes_back<std::vector<uint8_t>>(instance, "bytes", {{}, {0, 255}, std::vector<uint8_t>(1 << 20, 7)});
  comes_back<std::vector<int16_t>>(instance, "numbers", {{}, {-32768, 0, 32767}});
  comes_back<std::vector<double>>(instance, "doubles", {{}, {1.5, -2.25, 1e300}});
  comes_back<std::vector<bool>>(instance, "many-bools", {{}, {true, false, true, true}});
  comes_back<std::vector<char32_t>>(instance, "many-chars", {{}, {U'a', U'🚢'}});
}

inline void lists_come_back(berth::Instance& instance) {
  comes_back<std::vector<std::string>>(instance, "many-texts", {{}, {""}, {"one", "", "three"}});
  comes_back<std::vector<std::vector<uint16_t>>>(instance, "nested", {{}, {{}}, {{1, 2, 3}, {}, {65535}}});
}

inline Reading reading(uint64_t id) {
  return {.id = id,
          .name = "reading " + std::to_string(id),
          .values = {1.5, 2.5, static_cast<double>(id)},
          .ok = id % 2 == 0,
          .a = 1,
          .b = UINT32_MAX,
          .c = -7,
          .d = 0.5F};
}

inline void records_come_back(berth::Instance& instance) {
  comes_back<Point>(instance, "points", {{}, {.x = 1.5F, .y = -2.0F}});
  comes_back<Reading>(instance, "readings", {{}, reading(3)});
  comes_back<std::vector<Reading>>(instance, "many-readings", {{}, {reading(1), reading(2), {}}});
  comes_back<std::tuple<uint8_t, std::string, int64_t>>(instance, "tuples", {{1, "two", -3}});
}

inline void cases_come_back(berth::Instance& instance) {
  comes_back<Colour>(instance, "colours", {Colour::kRed, Colour::kGreen, Colour::kBlue});
  comes_back<Access>(instance, "accesses", {Access::kNone, Access::kExecute, static_cast<Access>(7)});
  comes_back<Bits>(instance, "all-bits", {Bits{0}, Bits{1}, Bits{uint32_t{1} << 31}, Bits{UINT32_MAX}});
  const std::initializer_list<Shape> shapes{
      {}, 1.5F, std::tuple(Point{1, 2}, Point{3, 4}), std::string("label"), UINT64_MAX};
  comes_back<Shape>(instance, "shapes", shapes);
  comes_back<std::vector<Shape>>(instance, "many-shapes", {{}, shapes});
  comes_back<NamedShape>(instance, "shapes",
                         {NamedShape{Shape(2.5F)}, NamedShape{Shape(std::string("named"))}});
  comes_back<std::optional<std::string>>(instance, "options", {std::nullopt, "", "some"});
  comes_back<std::vector<std::optional<uint8_t>>>(instance, "many-options", {{}, {std::nullopt, 0, 255}});
  comes_back<std::expected<uint32_t, std::string>>(instance, "results", {7U, std::unexpected("no")});
  comes_back<std::expected<void, std::monostate>>(instance, "empty-results",
                                                  {{}, std::unexpected(std::monostate())});
  using Deep = std::optional<std::expected<std::vector<Shape>, std::tuple<Colour, Access>>>;
  comes_back<Deep>(instance, "deep",
                   {std::nullopt, Deep(std::vector<Shape>(shapes)),
                    Deep(std::unexpected(std::tuple(Colour::kBlue, Access::kWrite)))});
}

inline void joined_come_back(berth::Instance& instance) {
  const auto joined = instance.function<std::string(uint8_t, std::string_view, uint16_t, double, const char*,
                                                    int64_t, std::span<const uint8_t>, bool, char32_t, Point,
                                                    std::optional<uint64_t>, std::string)>("joined");
  REQUIRE_MESSAGE(joined, joined.error().message);
  const std::vector<uint8_t> bytes{1, 2};
  const auto text =
      (*joined)(1, "two", 3, 4.5, "five", -6, bytes, true, U'i', {.x = 7.5F, .y = 8}, std::nullopt, "end");
  REQUIRE_MESSAGE(text, text.error().message);
  CHECK(*text == "1 two 3 4.5 five -6 [1, 2] true i 7.5 8 None end");
}

inline void everything_comes_back(berth::Instance& instance) {
  numbers_come_back(instance);
  pieces_come_back(instance);
  lists_come_back(instance);
  records_come_back(instance);
  cases_come_back(instance);
  joined_come_back(instance);
}

}  // namespace every
