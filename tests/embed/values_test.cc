// SPDX-License-Identifier: Apache-2.0
// Functions whose types the program learns at run time: the module's, and its own.

#include <doctest/doctest.h>

#include <stdexcept>

#include "embed/random_values.h"
#include "embed/relay.h"
#include "embed/shop.h"

namespace {

using berth::ErrorCode;
using berth::FunctionType;
using berth::Value;
using Kind = berth::Type::Kind;

std::shared_ptr<berth::Module> guest(const char* variable) {
  const char* const path = std::getenv(variable);
  REQUIRE_MESSAGE(path != nullptr, variable, " names the module");
  return berth::Host::create().value()->load(path).value();
}

std::shared_ptr<berth::Instance> every_instance() {
  static const auto module = guest("BERTH_EVERY_GUEST");
  return module->instantiate().value();
}

berth::Result<Value> call(berth::Instance& instance, const char* function, std::vector<Value> arguments) {
  return instance.function(function).value()(arguments);
}

/// Those that give back what they get, with every type of WIT that a guest's tools have.
constexpr auto kEchoes = {
    "bools",       "s8s",           "u8s",          "s16s",       "u16s",          "s32s",     "u32s",
    "s64s",        "u64s",          "f32s",         "f64s",       "chars",         "texts",    "bytes",
    "numbers",     "doubles",       "many-bools",   "many-chars", "many-texts",    "nested",   "points",
    "readings",    "many-readings", "tuples",       "colours",    "accesses",      "all-bits", "shapes",
    "many-shapes", "options",       "many-options", "results",    "empty-results", "deep"};

void values_come_back(berth::Instance& instance, uint32_t seed) {
  berth::embed::RandomValues random(seed);
  for (const char* const name : kEchoes) {
    const auto echo = instance.function(name);
    REQUIRE_MESSAGE(echo, echo.error().message);
    REQUIRE(echo->type().parameters.size() == 1);
    for (int i = 0; i < 25; ++i) {
      const Value value = random.value(*echo->type().result);
      const auto back = (*echo)({value});
      REQUIRE_MESSAGE(back, name, ": ", back.error().message);
      REQUIRE_MESSAGE(*back == value, name, ": ", to_text(value), " ", to_text(*back));
    }
  }
}

TEST_CASE("values by chance, of every type, come back from a module") {
  values_come_back(*every_instance(), 1);
}

TEST_CASE("a function says its types, and takes and gives values of them") {
  const auto instance = every_instance();
  const auto shapes = instance->function("shapes").value();
  CHECK(to_wit(shapes.type()).starts_with("func(v: variant { nothing, circle(f32), "));
  CHECK(shapes({Value::of_case("circle", 2)}) == Value::of_case("circle", 2.0F));
  CHECK(call(*instance, "add", {1, 2}) == Value(3));
  CHECK(call(*instance, "nothing", {}) == Value());
  CHECK(instance->function("count").value()() == Value(1));
  const auto text = call(*instance, "joined",
                         {1, "two", 3, 4.5, "five", -6, Value::Bytes{1, 2}, true, U'i',
                          Value::record({{"y", 8}, {"x", 7.5}}), Value::none(), "end"});
  CHECK(text == Value("1 two 3 4.5 five -6 [1, 2] true i 7.5 8 None end"));
  const Value::Bytes large(1 << 20, 7);
  CHECK(call(*instance, "bytes", {large}) == Value(large));
}

TEST_CASE("other arguments are told with their place, and nothing is called") {
  const auto instance = every_instance();
  const auto message = [&](const char* function, std::vector<Value> arguments) {
    const auto refused = call(*instance, function, std::move(arguments));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::kInvalidArgument);
    return refused.error().message;
  };
  CHECK(message("add", {1}) == "2 arguments are wanted, found 1: func(a: s32, b: s32) -> s32");
  CHECK(message("add", {1, "2"}) == "argument 2 'b': wanted s32, found a text of 1 bytes");
  CHECK(message("nested", {Value::list({Value::list({1}), Value::list({2, 65536})})}) ==
        "argument 1 'v'[1][1]: wanted u16, found 65536");
  CHECK(message("points", {Value::record({{"x", 1}, {"z", 2}})}) ==
        "argument 1 'v': the field 'y' is missing");
  CHECK(message("shapes", {Value::of_case("rectangle", Value::tuple({Value(), 1}))}) ==
        "argument 1 'v'.rectangle.0: wanted record { x: f32, y: f32 }, found a tuple of 0");
  CHECK(message("accesses", {Value::flags({"read", "fly"})}) ==
        "argument 1 'v': wanted flags { read, write, execute }, found the flag 'fly'");
  CHECK(call(*instance, "count", {}) == Value(1));
  CHECK(instance->function("fly").error().code == ErrorCode::kNotFound);
}

TEST_CASE("a trap, and a text that is none, are errors as with C++ types") {
  const auto instance = every_instance();
  const auto typed = instance->function<std::string(std::string)>("texts").value()("\xff");
  const auto text = call(*every_instance(), "texts", {"\xff"});
  REQUIRE_FALSE(text);
  CHECK(text.error() == typed.error());
  const auto fallen = every_instance();
  CHECK(call(*fallen, "fall", {}).error().code == ErrorCode::kTrap);
  CHECK(call(*fallen, "add", {1, 2}).error().code == ErrorCode::kTrap);
}

/// A component whose function gives a list of so many numbers.
std::string lister(uint32_t count) {
  return fmt::format(R"((component
    (core module $m
      (memory (export "memory") 100)
      (func (export "list") (result i32)
        (i32.store (i32.const 0) (i32.const 16))
        (i32.store (i32.const 4) (i32.const {}))
        (i32.const 0)))
    (core instance $i (instantiate $m))
    (func (export "list") (result (list u16))
      (canon lift (core func $i "list") (memory $i "memory")))))",
                     count);
}

TEST_CASE("a module that gives more values than there is room for loses the call, and nothing else") {
  const auto host = berth::Host::create().value();
  const auto list = [&](uint32_t count) {
    const std::string text = lister(count);
    return host->load(shop::bytes(text), "lister").value()->instantiate().value()->function("list").value();
  };
  CHECK(list(1'000'000)().value().get<Value::List>()->values.size() == 1'000'000);
  const auto more = list(1'000'001);
  for (int i = 0; i < 2; ++i) {
    const auto refused = more();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::kUnsupported);
  }
}

TEST_CASE("a module's resources are held, lent and handed over, each by its own instance") {
  struct Cart {};
  const auto module = guest("BERTH_SHOPPER_GUEST");
  berth::Imports imports;
  auto cart = imports.resource<Cart>("shop:price/carts@1.0.0.cart");
  cart.constructor([](const std::string&) { return Cart(); })
      .method("add", [](Cart&, uint32_t) {})
      .method("total", [](Cart&) { return uint64_t{0}; })
      .function("open-carts", [] { return uint32_t{0}; });
  imports.function("carts.pay", [](berth::Own<Cart>) { return uint64_t{0}; })
      .function("carts.find", [](const std::string&) { return std::optional<berth::Own<Cart>>(); })
      .function("carts.all-of",
                [](const std::vector<std::string>&) { return std::vector<berth::Own<Cart>>(); })
      .function("carts.same", [](berth::Borrow<Cart>, berth::Borrow<Cart>) { return true; });
  const auto make = [&] {
    auto made = module->instantiate({.imports = imports});
    REQUIRE_MESSAGE(made, made.error().message);
    return *made;
  };
  const auto instance = make();
  const Value counter = call(*instance, "counters.[constructor]counter", {5}).value();
  REQUIRE(counter.get<Value::Handle>() != nullptr);
  CHECK(counter.get<Value::Handle>()->resource == "shop:price/counters@1.0.0.counter");
  CHECK(call(*instance, "counters.[method]counter.increment", {counter}) == Value(6));
  const Value two = call(*instance, "counters.some", {2}).value();
  CHECK(call(*instance, "counters.alive", {}) == Value(3));
  CHECK(call(*instance, "counters.largest", {two}).value().integer<uint32_t>() <= 6U);
  const auto elsewhere = call(*make(), "counters.[method]counter.increment", {counter});
  REQUIRE_FALSE(elsewhere);
  CHECK(elsewhere.error().message.ends_with(
      "a resource goes back to the instance that gave it, and to no other"));
  const Value& other = two.get<Value::List>()->values.front();
  CHECK(call(*instance, "counters.[static]counter.sum", {counter, other}));
  CHECK_FALSE(call(*instance, "counters.[static]counter.sum", {counter, other}));
  CHECK(call(*instance, "counters.alive", {}) == Value(1));
  CHECK_FALSE(call(*instance, "counters.[method]counter.increment", {7}));
  Value forged(Value::Handle{.resource = "shop:price/counters@1.0.0.counter", .held = nullptr});
  CHECK_FALSE(call(*instance, "counters.[method]counter.increment", {forged}));
  CHECK(instance->function("look").error().code == ErrorCode::kUnsupported);
}

berth::Imports dynamic_imports() {
  const auto instance = every::relay()->instantiate({.imports = every::everything()}).value();
  berth::Imports imports = every::everything();
  for (const char* const name : kEchoes) {
    imports.function(std::string("berth:every/echo@1.0.0.") + name, instance->function(name)->type(),
                     [](std::span<const Value> arguments) -> berth::Result<Value> { return arguments[0]; });
  }
  return imports;
}

TEST_CASE("values of every type go through a module to a function of the program and back") {
  const auto instance = every::relay()->instantiate({.imports = dynamic_imports()});
  REQUIRE_MESSAGE(instance, instance.error().message);
  values_come_back(**instance, 2);
  every::everything_comes_back(**instance);
}

const FunctionType kAdd{.parameters = {berth::detail::part({.kind = Kind::kS32}, "a"),
                                       berth::detail::part({.kind = Kind::kS32}, "b")},
                        .result = berth::Type{.kind = Kind::kS32}};

berth::Result<uint32_t> adds(berth::DynamicCallable callable) {
  berth::Imports imports = every::everything();
  imports.function("add", kAdd, std::move(callable));
  const auto instance = every::relay()->instantiate({.imports = imports}).value();
  return instance->function<uint32_t(uint32_t)>("adds").value()(3);
}

TEST_CASE("an error, an exception or another type of a program's function is a trap") {
  using Arguments = std::span<const Value>;
  CHECK(adds([](Arguments given) -> berth::Result<Value> {
          return *given[0].integer<int32_t>() + *given[1].integer<int32_t>();
        }) == 3U);
  const auto trap = [](berth::DynamicCallable callable, std::string_view why) {
    const auto ended = adds(std::move(callable));
    REQUIRE_FALSE(ended);
    CHECK(ended.error().code == ErrorCode::kTrap);
    CHECK_MESSAGE(ended.error().message.find(why) != std::string::npos, ended.error().message);
  };
  trap([](Arguments) -> berth::Result<Value> { return "three"; },
       "'add' failed: its result: wanted s32, found a text of 5 bytes");
  trap([](Arguments) -> berth::Result<Value> { return INT64_MAX; }, "wanted s32, found 9223372036854775807");
  trap([](Arguments) -> berth::Result<Value> { return berth::fail(ErrorCode::kNotFound, "no sum"); },
       "'add' failed: no sum");
  trap([](Arguments) -> berth::Result<Value> { throw std::runtime_error("no hands"); },
       "'add' failed: no hands");
}

TEST_CASE("a program's function of other types is found when an instance is made") {
  const auto message = [](const std::string& name, const FunctionType& type) {
    berth::Imports imports = every::everything();
    imports.function(name, type, [](auto) -> berth::Result<Value> { return Value(); });
    const auto wrong = every::relay()->instantiate({.imports = imports});
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().code == ErrorCode::kInvalidArgument);
    return wrong.error().message;
  };
  CHECK(
      message("add", {}).ends_with("'add' has other types\n    module:  func(a: s32, b: s32) -> s32\n"
                                   "    program: func()"));
  // A type that is none, and one without the names.
  CHECK(message("add", {.parameters = {berth::detail::part({.kind = Kind::kList})}})
            .ends_with("func(list<_>)"));
  berth::Type colour{.kind = Kind::kEnum, .parts = std::vector<berth::Type::Part>(3)};
  CHECK(message("berth:every/echo@1.0.0.colours",
                {.parameters = {berth::detail::part(colour)}, .result = colour})
            .find("program: func(enum { _, _, _ })") != std::string::npos);
}

}  // namespace
