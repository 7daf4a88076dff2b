// SPDX-License-Identifier: Apache-2.0
// Values of every type to a module and back, through the library as a program uses it. The module gives back
// what it gets (tests/guests/wit/every).

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <thread>

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

namespace {

using namespace every;
using namespace std::chrono_literals;

/// Without a guest there is nothing to test, which is a failure.
const char* guest_path() {
  const char* const path = std::getenv("BERTH_EVERY_GUEST");
  REQUIRE_MESSAGE(path != nullptr, "BERTH_EVERY_GUEST names the module: build/guests/every.wasm");
  return path;
}

const std::shared_ptr<berth::Module>& every_module() {
  static const auto module = berth::Host::create().value()->load(guest_path()).value();
  return module;
}

std::shared_ptr<berth::Instance> instance(const berth::InstanceOptions& options = {}) {
  return every_module()->instantiate(options).value();
}

/// Sends a value there and back.
template <class T>
T echo(const char* function, const T& value) {
  static const auto shared = instance();
  auto bound = shared->function<T(T)>(function);
  REQUIRE_MESSAGE(bound, bound.error().message);
  auto back = (*bound)(value);
  REQUIRE_MESSAGE(back, back.error().message);
  return *back;
}

template <class T>
void comes_back(const char* function, std::initializer_list<T> values) {
  for (const T& value : values) {
    const bool same = echo<T>(function, value) == value;
    CHECK_MESSAGE(same, function);
  }
}

template <class T>
void whole_range_comes_back(const char* function) {
  using Limits = std::numeric_limits<T>;
  comes_back<T>(function,
                {0, 1, Limits::min(), Limits::max(), static_cast<T>(-1), static_cast<T>(Limits::max() / 3)});
}

TEST_CASE("numbers come back over their whole range") {
  comes_back<bool>("bools", {false, true});
  whole_range_comes_back<int8_t>("s8s");
  whole_range_comes_back<uint8_t>("u8s");
  whole_range_comes_back<int16_t>("s16s");
  whole_range_comes_back<uint16_t>("u16s");
  whole_range_comes_back<int32_t>("s32s");
  whole_range_comes_back<uint32_t>("u32s");
  whole_range_comes_back<int64_t>("s64s");
  whole_range_comes_back<uint64_t>("u64s");
  comes_back<float>("f32s", {0.0F, -0.0F, 1.5F, -3e38F, std::numeric_limits<float>::infinity()});
  comes_back<double>("f64s", {0.0, 1.1, -1e308, 5e-324, -std::numeric_limits<double>::infinity()});
  CHECK(std::isnan(echo<float>("f32s", std::nanf(""))));
  CHECK(std::signbit(echo<double>("f64s", -0.0)));
  comes_back<char32_t>("chars", {U'a', U'\0', U'é', U'\xD7FF', U'\xE000', U'\x10FFFF'});
}

TEST_CASE("texts and lists in one piece") {
  comes_back<std::string>("texts", {"", "a", "sixteen letters!", "naïve — 漢字 🚢", std::string("a\0b", 3)});
  comes_back<std::vector<uint8_t>>("bytes", {{}, {0, 255}, std::vector<uint8_t>(1 << 20, 7)});
  comes_back<std::vector<int16_t>>("numbers", {{}, {-32768, 0, 32767}});
  comes_back<std::vector<double>>("doubles", {{}, {1.5, -2.25, 1e300}});
  comes_back<std::vector<bool>>("many-bools", {{}, {true, false, true, true}});
  comes_back<std::vector<char32_t>>("many-chars", {{}, {U'a', U'🚢'}});
}

TEST_CASE("lists of what has no fixed place") {
  comes_back<std::vector<std::string>>("many-texts", {{}, {""}, {"one", "", "three"}});
  comes_back<std::vector<std::vector<uint16_t>>>("nested", {{}, {{}}, {{1, 2, 3}, {}, {65535}}});
}

Reading reading(uint64_t id) {
  return {.id = id,
          .name = "reading " + std::to_string(id),
          .values = {1.5, 2.5, static_cast<double>(id)},
          .ok = id % 2 == 0,
          .a = 1,
          .b = UINT32_MAX,
          .c = -7,
          .d = 0.5F};
}

TEST_CASE("records and tuples") {
  comes_back<Point>("points", {{}, {.x = 1.5F, .y = -2.0F}});
  comes_back<Reading>("readings", {{}, reading(3)});
  comes_back<std::vector<Reading>>("many-readings", {{}, {reading(1), reading(2), {}}});
  comes_back<std::tuple<uint8_t, std::string, int64_t>>("tuples", {{1, "two", -3}});
}

TEST_CASE("enums, flags, variants, options and results") {
  comes_back<Colour>("colours", {Colour::kRed, Colour::kGreen, Colour::kBlue});
  comes_back<Access>("accesses", {Access::kNone, Access::kExecute, static_cast<Access>(7)});
  comes_back<Bits>("all-bits", {Bits{0}, Bits{1}, Bits{uint32_t{1} << 31}, Bits{UINT32_MAX}});
  const std::initializer_list<Shape> shapes{
      {}, 1.5F, std::tuple(Point{1, 2}, Point{3, 4}), std::string("label"), UINT64_MAX};
  comes_back<Shape>("shapes", shapes);
  comes_back<std::vector<Shape>>("many-shapes", {{}, shapes});
  comes_back<NamedShape>("shapes", {NamedShape{Shape(2.5F)}, NamedShape{Shape(std::string("named"))}});
  comes_back<std::optional<std::string>>("options", {std::nullopt, "", "some"});
  comes_back<std::vector<std::optional<uint8_t>>>("many-options", {{}, {std::nullopt, 0, 255}});
  comes_back<std::expected<uint32_t, std::string>>("results", {7U, std::unexpected("no")});
  comes_back<std::expected<void, std::monostate>>("empty-results", {{}, std::unexpected(std::monostate())});
  using Deep = std::optional<std::expected<std::vector<Shape>, std::tuple<Colour, Access>>>;
  comes_back<Deep>("deep", {std::nullopt, Deep(std::vector<Shape>(shapes)),
                            Deep(std::unexpected(std::tuple(Colour::kBlue, Access::kWrite)))});
}

TEST_CASE("more than sixteen core values") {
  const auto joined = instance()
                          ->function<std::string(uint8_t, std::string_view, uint16_t, double, const char*,
                                                 int64_t, std::span<const uint8_t>, bool, char32_t, Point,
                                                 std::optional<uint64_t>, std::string)>("joined");
  REQUIRE_MESSAGE(joined, joined.error().message);
  const std::vector<uint8_t> bytes{1, 2};
  const auto text =
      (*joined)(1, "two", 3, 4.5, "five", -6, bytes, true, U'i', {.x = 7.5F, .y = 8}, std::nullopt, "end");
  REQUIRE_MESSAGE(text, text.error().message);
  CHECK(*text == "1 two 3 4.5 five -6 [1, 2] true i 7.5 8 None end");
}

TEST_CASE("nothing in, nothing out") {
  const auto nothing = instance()->function<void()>("nothing").value();
  CHECK(nothing());
}

TEST_CASE("other types are found when a function is bound, with both") {
  const auto text = instance()->function<uint32_t(std::string_view)>("texts");
  REQUIRE_FALSE(text);
  CHECK(text.error().code == berth::ErrorCode::kInvalidArgument);
  CHECK(text.error().message ==
        "'berth:every/echo@1.0.0.texts' of 'every.wasm' has other types than the program calls it with\n"
        "  program: func(string) -> u32\n"
        "  module:  func(v: string) -> string");
  CHECK_FALSE(instance()->function<Point(Reading)>("points"));
  CHECK_FALSE(instance()->function<int64_t(int32_t)>("s32s"));
  CHECK_FALSE(instance()->function<void(uint32_t)>("u32s"));
  CHECK_FALSE(instance()->function<std::vector<uint32_t>(std::vector<uint16_t>)>("nested"));
}

TEST_CASE("a function that isn't there") {
  const auto missing = instance()->function<void()>("fly");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == berth::ErrorCode::kNotFound);
  CHECK(missing.error().message ==
        "'every.wasm' exports no function 'fly': Module::functions() lists what it exports");
}

TEST_CASE("an instance keeps its state, and no other instance sees it") {
  const auto first = instance()->function<uint32_t()>("count").value();
  const auto second = instance()->function<uint32_t()>("count").value();
  CHECK(first() == 1U);
  CHECK(first() == 2U);
  CHECK(second() == 1U);
}

TEST_CASE("limits end the instance, and nothing else") {
  const auto spinning = instance({.limits = {.cpu_time = 50ms}});
  const auto spin = spinning->function<void()>("spin").value();
  const auto began = std::chrono::steady_clock::now();
  const auto ended = spin();
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code == berth::ErrorCode::kLimit);
  CHECK(ended.error().message == "'every.wasm': the call met the limit cpu-time: raise limits.cpu_time");
  CHECK(std::chrono::steady_clock::now() - began < 5s);
  CHECK(spinning->cpu_used() >= 50ms);
  const auto add = spinning->function<int32_t(int32_t, int32_t)>("add").value();
  CHECK(add(1, 2).error().code == berth::ErrorCode::kLimit);
  CHECK(instance()->function<int32_t(int32_t, int32_t)>("add").value()(1, 2) == 3);

  const auto late = instance({.limits = {.wall = 50ms}})->function<void()>("spin").value()();
  REQUIRE_FALSE(late);
  CHECK(late.error().message == "'every.wasm': the call met the limit deadline: raise limits.wall");

  const auto full =
      instance({.limits = {.memory_bytes = 16 << 20}})->function<uint32_t(uint32_t)>("fill").value()(64);
  REQUIRE_FALSE(full);
  CHECK(full.error().code == berth::ErrorCode::kLimit);
  CHECK(instance()->function<uint32_t(uint32_t)>("fill").value()(8) == 8U);
}

TEST_CASE("a trap ends the instance with its place") {
  const auto fallen = instance()->function<void()>("fall").value()();
  REQUIRE_FALSE(fallen);
  CHECK(fallen.error().code == berth::ErrorCode::kTrap);
  CHECK(fallen.error().message.starts_with(
      "'every.wasm': the call trapped: wasm trap: wasm `unreachable` instruction"));
}

TEST_CASE("cancelled from another thread") {
  const auto spinning = instance();
  std::jthread canceller([&] {
    std::this_thread::sleep_for(50ms);
    spinning->cancel();
  });
  const auto ended = spinning->function<void()>("spin").value()();
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code == berth::ErrorCode::kCancelled);
}

TEST_CASE("a second call beside one that goes on is refused") {
  const auto spinning = instance({.limits = {.wall = 400ms}});
  const auto spin = spinning->function<void()>("spin").value();
  const auto add = spinning->function<int32_t(int32_t, int32_t)>("add").value();
  std::jthread first([&] { CHECK(spin().error().code == berth::ErrorCode::kLimit); });
  std::this_thread::sleep_for(100ms);
  const auto second = add(1, 2);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == berth::ErrorCode::kUnavailable);
}

TEST_CASE("many instances on many threads") {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 20; ++i) {
        const auto text = instance()->function<std::string(std::string_view)>("texts").value();
        for (int j = 0; j < 50; ++j) CHECK(text("many").value() == "many");
      }
    });
  }
}

}  // namespace
