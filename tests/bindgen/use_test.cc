// SPDX-License-Identifier: Apache-2.0
// Programs with headers that berth bindgen wrote: every type both ways, and resources of both sides. The
// guests are those of tests/embed.

#include <doctest/doctest.h>

#include <cstdlib>
#include <numeric>

#include "relay.h"
#include "shopper.h"

namespace {

using namespace berth_::every;

std::shared_ptr<berth::Instance> instance_of(const char* variable, const berth::Imports& imports) {
  const char* const path = std::getenv(variable);
  REQUIRE_MESSAGE(path != nullptr, variable << " names the module");
  const auto module = berth::Host::create().value()->load(path).value();
  const auto instance = module->instantiate({.imports = imports});
  REQUIRE_MESSAGE(instance, (instance ? "" : instance.error().message));
  return *instance;
}

/// Gives back what it gets.
class Echo final : public echo::Imports {
 public:
  template <class T>
  using Given = berth::Result<T>;

  // clang-format off
  Given<bool> bools(bool v) override { return v; }
  Given<int8_t> s8s(int8_t v) override { return v; }
  Given<uint8_t> u8s(uint8_t v) override { return v; }
  Given<int16_t> s16s(int16_t v) override { return v; }
  Given<uint16_t> u16s(uint16_t v) override { return v; }
  Given<int32_t> s32s(int32_t v) override { return v; }
  Given<uint32_t> u32s(uint32_t v) override { return v; }
  Given<int64_t> s64s(int64_t v) override { return v; }
  Given<uint64_t> u64s(uint64_t v) override { return v; }
  Given<float> f32s(float v) override { return v; }
  Given<double> f64s(double v) override { return v; }
  Given<char32_t> chars(char32_t v) override { return v; }
  Given<std::string> texts(std::string_view v) override { return std::string(v); }
  Given<std::vector<uint8_t>> bytes(std::span<const uint8_t> v) override { return copy(v); }
  Given<std::vector<int16_t>> numbers(std::span<const int16_t> v) override { return copy(v); }
  Given<std::vector<double>> doubles(std::span<const double> v) override { return copy(v); }
  Given<std::vector<bool>> many_bools(std::vector<bool> v) override { return v; }
  Given<std::vector<char32_t>> many_chars(std::vector<char32_t> v) override { return v; }
  Given<std::vector<std::string>> many_texts(std::vector<std::string> v) override { return v; }
  Given<std::vector<std::vector<uint16_t>>> nested(std::vector<std::vector<uint16_t>> v) override { return v; }
  Given<echo::Point> points(echo::Point v) override { return v; }
  Given<echo::Reading> readings(echo::Reading v) override { return v; }
  Given<std::vector<echo::Reading>> many_readings(std::vector<echo::Reading> v) override { return v; }
  Given<std::tuple<uint8_t, std::string, int64_t>> tuples(std::tuple<uint8_t, std::string, int64_t> v) override { return v; }
  Given<echo::Colour> colours(echo::Colour v) override { return v; }
  Given<echo::Access> accesses(echo::Access v) override { return v; }
  Given<echo::Bits> all_bits(echo::Bits v) override { return v; }
  Given<echo::Shape> shapes(echo::Shape v) override { return v; }
  Given<std::vector<echo::Shape>> many_shapes(std::vector<echo::Shape> v) override { return v; }
  Given<std::optional<std::string>> options(std::optional<std::string> v) override { return v; }
  Given<std::vector<std::optional<uint8_t>>> many_options(std::vector<std::optional<uint8_t>> v) override { return v; }
  std::expected<uint32_t, std::string> results(std::expected<uint32_t, std::string> v) override { return v; }
  std::expected<void, std::monostate> empty_results(std::expected<void, std::monostate> v) override { return v; }
  // clang-format on
  using Deep = std::optional<std::expected<std::vector<echo::Shape>, std::tuple<echo::Colour, echo::Access>>>;
  Given<Deep> deep(Deep v) override {
    return v;
  }
  Given<std::string> joined(uint8_t a, std::string_view b, uint16_t, double, std::string_view, int64_t,
                            std::span<const uint8_t> g, bool, char32_t, echo::Point j,
                            std::optional<uint64_t>, std::string_view l) override {
    return std::to_string(a) + std::string(b) + std::to_string(g.size()) + std::to_string(j.y) +
           std::string(l);
  }
  Given<void> nothing() override {
    ++nothings;
    return {};
  }

  int nothings = 0;

 private:
  template <class T>
  static std::vector<T> copy(std::span<const T> values) {
    return {values.begin(), values.end()};
  }
};

class Functions final : public RelayFunctions {
 public:
  berth::Result<void> log(std::string_view line) override {
    logged += line;
    return {};
  }
  berth::Result<int32_t> add(int32_t a, int32_t b) override {
    if (b == 0) return berth::fail(berth::ErrorCode::kInvalidArgument, "nothing to add");
    return a + b;
  }
  berth::Result<std::string> greet(std::string_view name) override {
    return "Hello, " + std::string(name);
  }

  std::string logged;
};

TEST_CASE("a program of a world with every type") {
  const auto echoes = std::make_shared<Echo>();
  const auto functions = std::make_shared<Functions>();
  const RelayImports imports{.echo = echoes, .functions = functions};
  const auto relay = Relay::of(instance_of("BERTH_RELAY_GUEST", imports.all()));
  REQUIRE_MESSAGE(relay, (relay ? "" : relay.error().message));
  const echo::Exports& echo = relay->echo();

  CHECK(relay->say("a line").has_value());
  CHECK(functions->logged == "a line");
  CHECK(relay->adds(10).value() == 10);
  CHECK(echo.bools(true).value());
  CHECK(echo.u64s(UINT64_MAX).value() == UINT64_MAX);
  CHECK(echo.chars(U'√').value() == U'√');
  CHECK(echo.texts("four letters").value() == "four letters");
  std::vector<uint8_t> bytes(100'000);
  std::iota(bytes.begin(), bytes.end(), uint8_t{0});
  CHECK(echo.bytes(bytes).value() == bytes);
  const echo::Reading reading{
      .id = 7, .name = "a", .values = {1.5, 2.5}, .ok = true, .a = 1, .b = 2, .c = -3, .d = 0.5F};
  CHECK(echo.readings(reading).value() == reading);
  CHECK(echo.many_readings({reading, reading}).value().size() == 2);
  CHECK(echo.accesses(echo::Access::kRead | echo::Access::kExecute).value() ==
        (echo::Access::kExecute | echo::Access::kRead));
  CHECK(echo.colours(echo::Colour::kBlue).value() == echo::Colour::kBlue);
  const auto shape = echo.shapes(echo::Shape::label("L")).value();
  CHECK(shape.which() == echo::Shape::Case::kLabel);
  CHECK(std::get<3>(shape) == "L");
  CHECK(echo.many_shapes({echo::Shape::nothing(), echo::Shape::circle(2)}).value().at(1) ==
        echo::Shape::circle(2));
  CHECK(echo.results(std::unexpected("no")).value().error() == "no");
  CHECK(echo.empty_results({}).value().has_value());
  CHECK(echo.options("o").value() == "o");
  const Echo::Deep deep(std::unexpected(std::tuple(echo::Colour::kRed, echo::Access::kWrite)));
  const bool same =
      echo.deep(deep).value() == deep;  // not what doctest wraps it in: GCC 12 can't compare that
  CHECK(same);
  CHECK(echo.joined(1, "b", 2, 3, "e", 4, bytes, true, U'i', {.x = 1, .y = 2}, 5, "l").has_value());
  CHECK(echo.nothing().has_value());
  CHECK(echoes->nothings == 1);
}

TEST_CASE("what isn't set isn't given, and instantiating says so") {
  const char* const path = std::getenv("BERTH_RELAY_GUEST");
  REQUIRE(path != nullptr);
  const auto module = berth::Host::create().value()->load(path).value();
  const RelayImports imports{.echo = nullptr, .functions = std::make_shared<Functions>()};
  const auto instance = module->instantiate({.imports = imports.all()});
  REQUIRE(!instance);
  CHECK(instance.error().code == berth::ErrorCode::kInvalidArgument);
  CHECK(instance.error().message.find("berth:every/echo") != std::string::npos);
}

namespace carts = shop::price::carts;

class OneCart final : public carts::Cart {
 public:
  berth::Result<void> add(uint32_t price) override {
    total_ += price;
    return {};
  }
  berth::Result<uint64_t> total() override {
    return total_;
  }

 private:
  uint64_t total_ = 0;
};

class Carts final : public carts::Imports {
 public:
  using Cart = berth::Own<carts::Cart>;

  berth::Result<Cart> new_cart(std::string_view) override {
    ++made;
    return Cart(std::make_shared<OneCart>());
  }
  berth::Result<uint32_t> cart_open_carts() override {
    return made;
  }
  berth::Result<uint64_t> pay(Cart cart) override {
    return cart->total();
  }
  berth::Result<std::optional<Cart>> find(std::string_view owner) override {
    if (owner.empty()) return std::nullopt;
    return Cart(std::make_shared<OneCart>());
  }
  berth::Result<std::vector<Cart>> all_of(std::vector<std::string> owners) override {
    return std::vector<Cart>(owners.size(), Cart(std::make_shared<OneCart>()));
  }
  berth::Result<bool> same(berth::Borrow<carts::Cart> a, berth::Borrow<carts::Cart> b) override {
    return &*a == &*b;
  }

  uint32_t made = 0;
};

TEST_CASE("a program of a world with resources of both sides") {
  const auto given = std::make_shared<Carts>();
  const shop::price::ShopperImports imports{.carts = given};
  const auto shopper = shop::price::Shopper::of(instance_of("BERTH_SHOPPER_GUEST", imports.all()));
  REQUIRE_MESSAGE(shopper, (shopper ? "" : shopper.error().message));
  CHECK(shopper->shop(3).has_value());
  CHECK(given->made == 3);
  CHECK(shopper->seek("somebody").value());
  CHECK(!shopper->seek("").value());
  OneCart own;
  CHECK(own.add(12).has_value());
  CHECK(shopper->look(berth::Borrow<carts::Cart>(own)).value() == 12);

  const auto& counters = shopper->counters();
  const auto counter = counters.new_counter(5).value();
  CHECK(counters.counter_increment(counter).value() == 6);
  CHECK(counters.alive().value() == 1);
  CHECK(counters.counter_sum(counter, counters.new_counter(4).value()).value() == 10);
}

TEST_CASE("a module of another world is told at once") {
  const shop::price::ShopperImports imports{.carts = std::make_shared<Carts>()};
  const auto relay = Relay::of(instance_of("BERTH_SHOPPER_GUEST", imports.all()));
  REQUIRE(!relay);
  CHECK(relay.error().code == berth::ErrorCode::kNotFound);
}

}  // namespace
