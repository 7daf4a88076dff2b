// SPDX-License-Identifier: Apache-2.0
// Resources of both sides, with a module that makes up handles (tests/guests/cpp/shopper.cc).

#include <doctest/doctest.h>

#include <atomic>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "berth/berth.h"

namespace {
struct Counter;
}  // namespace
template <>
struct berth::Describe<Counter> : berth::Resource<"shop:price/counters.counter"> {};

namespace {

using namespace std::chrono_literals;
using berth::Borrow;
using berth::ErrorCode;
using berth::Own;

/// Without a guest there is nothing to test, which is a failure.
const std::shared_ptr<berth::Module>& shopper() {
  static const auto module = [] {
    const char* const path = std::getenv("BERTH_SHOPPER_GUEST");
    REQUIRE_MESSAGE(path != nullptr, "BERTH_SHOPPER_GUEST names the module: build/guests/shopper.wasm");
    return berth::Host::create().value()->load(path).value();
  }();
  return module;
}

/// Knows how many of it there are.
class Cart {
 public:
  explicit Cart(std::string owner) : owner_(std::move(owner)) {
    ++alive;
  }
  Cart(Cart&& other) noexcept : owner_(std::move(other.owner_)), prices_(std::move(other.prices_)) {
    ++alive;
  }
  Cart& operator=(Cart&&) = delete;
  ~Cart() {
    --alive;
  }

  void add(uint32_t price) {
    if (price == 13) throw std::runtime_error("nobody pays 13");
    prices_.push_back(price);
  }
  uint64_t total() const {
    uint64_t sum = 0;
    for (const uint32_t price : prices_) sum += price;
    return sum;
  }
  const std::string& owner() const {
    return owner_;
  }

  static std::atomic<int> alive;

 private:
  std::string owner_;
  std::vector<uint32_t> prices_;
};
std::atomic<int> Cart::alive = 0;

berth::Imports shop() {
  berth::Imports imports;
  imports.resource<Cart>("shop:price/carts@1.0.0.cart")
      .constructor([](std::string owner) { return Cart(std::move(owner)); })
      .method("add", &Cart::add)
      .method("total", [](const Cart& cart) { return cart.total(); })
      .function("open-carts", [] { return static_cast<uint32_t>(Cart::alive.load()); });
  imports.function("carts.pay", [](const Own<Cart>& cart) { return cart->total(); })
      .function("carts.find",
                [](std::string_view owner) -> std::optional<Own<Cart>> {
                  if (owner == "nobody") return std::nullopt;
                  return Own<Cart>::make(std::string(owner));
                })
      .function("carts.all-of",
                [](const std::vector<std::string>& owners) {
                  std::vector<Own<Cart>> carts;
                  for (const auto& owner : owners) carts.push_back(Own<Cart>::make(owner));
                  return carts;
                })
      .function("carts.same", [](Borrow<Cart> a, Borrow<Cart> b) { return &*a == &*b; });
  return imports;
}

std::shared_ptr<berth::Instance> instance(const berth::InstanceLimits& limits = {}) {
  auto made = shopper()->instantiate({.limits = limits, .imports = shop()});
  REQUIRE_MESSAGE(made, made.error().message);
  return *made;
}

template <class Signature>
auto bound(const std::shared_ptr<berth::Instance>& instance, const char* name) {
  auto found = instance->function<Signature>(name);
  REQUIRE_MESSAGE(found, found.error().message);
  return *found;
}

template <class R>
void traps(const berth::Result<R>& result) {
  REQUIRE_FALSE(result);
  CHECK_MESSAGE(result.error().code == ErrorCode::kTrap, result.error().message);
}

/// A sanitizer keeps what is freed, so there is nothing to be said then.
size_t resident_bytes() {
#ifdef __SANITIZE_ADDRESS__
  return 0;
#else
  std::ifstream file("/proc/self/statm");
  size_t pages = 0;
  file >> pages >> pages;
  return pages * 4096;
#endif
}

TEST_CASE("a module makes objects of the program's class, uses and drops them") {
  const auto held = instance();
  CHECK(bound<uint64_t(uint32_t)>(held, "shop")(10) == 60U);
  CHECK(Cart::alive == 0);
  CHECK(bound<bool(std::string_view)>(held, "seek")("somebody") == true);
  CHECK(bound<bool(std::string_view)>(held, "seek")("nobody") == false);
  CHECK(Cart::alive == 0);
}

TEST_CASE("what a module still holds goes with its instance") {
  auto held = instance();
  const auto last = bound<uint32_t(uint32_t)>(held, "keep")(25).value();
  CHECK(Cart::alive == 25);
  CHECK(bound<void(uint32_t)>(held, "drop-of")(last));
  CHECK(Cart::alive == 24);
  held.reset();
  CHECK(Cart::alive == 0);
}

TEST_CASE("an object of the program's is lent to a module, or handed over and back") {
  auto held = instance();
  const auto cart = Own<Cart>::make("program");
  cart->add(5);
  const auto look = bound<uint64_t(Borrow<Cart>)>(held, "look");
  CHECK(look(cart) == 5U);
  CHECK(look(Borrow<Cart>(*cart)) == 5U);
  CHECK(cart.object().use_count() == 1);

  const uint32_t handle = bound<uint32_t(Own<Cart>)>(held, "hold")(cart).value();
  CHECK(cart.object().use_count() == 2);
  CHECK(cart->total() == 105);
  CHECK(bound<uint64_t(uint32_t)>(held, "total-of")(handle) == 105U);
  const auto back = bound<Own<Cart>(uint32_t)>(held, "give")(handle).value();
  CHECK(back.object() == cart.object());
  CHECK(cart.object().use_count() == 2);

  const auto both = bound<std::vector<Own<Cart>>()>(held, "both")().value();
  REQUIRE(both.size() == 2);
  CHECK(both[0]->owner() == "one");
  CHECK(both[1]->owner() == "two");
  held.reset();
  CHECK(both[1]->owner() == "two");
}

TEST_CASE("a handle that was made up, given away or dropped is a trap") {
  for (const uint32_t forged : {0U, 1U, 7U, 0x7fffffffU, 0xffffffffU}) {
    traps(bound<uint64_t(uint32_t)>(instance(), "total-of")(forged));
    traps(bound<void(uint32_t)>(instance(), "drop-of")(forged));
    traps(bound<uint64_t(uint32_t)>(instance(), "pay-and-look")(forged));
    traps(bound<Own<Cart>(uint32_t)>(instance(), "give")(forged));
  }
  auto held = instance();
  const uint32_t handle = bound<uint32_t(uint32_t)>(held, "keep")(3).value();
  traps(bound<uint64_t(uint32_t)>(held, "pay-and-look")(handle));
  held.reset();
  CHECK(Cart::alive == 0);

  held = instance();
  const uint32_t dropped = bound<uint32_t(uint32_t)>(held, "keep")(3).value();
  CHECK(bound<void(uint32_t)>(held, "drop-of")(dropped));
  traps(bound<void(uint32_t)>(held, "drop-of")(dropped));
}

TEST_CASE("what is lent has to be given back, and is lent no longer than the call") {
  const auto cart = Own<Cart>::make("program");
  const auto dropping = instance();
  CHECK(bound<void(Borrow<Cart>)>(dropping, "drop-lent")(cart));
  CHECK(cart->total() == 0);
  // The handle was given back: it names nothing now.
  traps(bound<uint64_t(uint32_t)>(dropping, "total-of")(1));
}

TEST_CASE("an exception of a method, or a constructor that fails, is a trap and leaves nothing behind") {
  auto imports = shop();
  imports.resource<Cart>("shop:price/carts.cart")
      .constructor([](std::string_view) -> berth::Result<Own<Cart>> {
        return berth::fail(ErrorCode::kDenied, "no more carts");
      });
  // What is given under its whole name counts more.
  CHECK(
      shopper()->instantiate({.imports = imports}).value()->function<uint64_t(uint32_t)>("shop").value()(1) ==
      6U);
  imports.resource<Cart>("shop:price/carts@1.0.0.cart")
      .constructor([](std::string_view) -> berth::Result<Own<Cart>> {
        return berth::fail(ErrorCode::kDenied, "no more carts");
      });
  const auto failing = shopper()->instantiate({.imports = imports}).value();
  const auto failed = bound<uint64_t(uint32_t)>(failing, "shop")(1);
  traps(failed);
  CHECK(failed.error().message.find("failed: no more carts") != std::string::npos);
  imports.resource<Cart>("shop:price/carts@1.0.0.cart")
      .constructor([](std::string owner) { return Cart(std::move(owner)); })
      .method("total", [](const Cart&) -> uint64_t { throw std::runtime_error("lost count"); });
  auto throwing = shopper()->instantiate({.imports = imports}).value();
  traps(bound<uint64_t(uint32_t)>(throwing, "shop")(1));
  CHECK(Cart::alive == 1);
  throwing.reset();
  CHECK(Cart::alive == 0);
}

TEST_CASE("a resource or a method that isn't given is told") {
  berth::Imports imports;
  const auto missing = shopper()->instantiate({.imports = imports});
  REQUIRE_FALSE(missing);
  for (const char* const what :
       {"\n  'shop:price/carts@1.0.0.cart' isn't given: it is a resource (Imports::resource)",
        "\n  'shop:price/carts@1.0.0.[method]cart.add' isn't given\n    module:  func(self: "
        "borrow<shop:price/carts@1.0.0.cart>, price: u32)",
        "\n  'shop:price/carts@1.0.0.pay' isn't given\n    module:  func(cart: "
        "own<shop:price/carts@1.0.0.cart>) -> u64"}) {
    CHECK_MESSAGE(missing.error().message.find(what) != std::string::npos, missing.error().message);
  }
  struct Book {};
  auto other = shop();
  other.function("shop:price/carts@1.0.0.pay", [](const Own<Book>&) -> uint64_t { return 1; });
  const auto mismatched = shopper()->instantiate({.imports = other});
  REQUIRE_FALSE(mismatched);
  CHECK(mismatched.error().message.ends_with("    program: func(own<_>) -> u64"));
  CHECK_FALSE(instance()->function<uint64_t(Borrow<Book>)>("look"));
  CHECK_FALSE(instance()->function<uint64_t(Own<Cart>)>("look"));
}

TEST_CASE("a module can hold so many, and no more") {
  auto held = instance({.memory_bytes = 16 << 20});
  const auto full = bound<uint32_t(uint32_t)>(held, "keep")(1'000'000);
  REQUIRE_FALSE(full);
  CHECK(full.error().code == ErrorCode::kLimit);
  CHECK(full.error().message.find("handles") != std::string::npos);
  CHECK(Cart::alive < 1000);
  held.reset();
  CHECK(Cart::alive == 0);
}

TEST_CASE("a million objects made and dropped take no more memory than a few") {
  const auto held = instance();
  const auto make = bound<uint64_t(uint32_t)>(held, "shop");
  CHECK(make(10'000) == 60'000U);
  const size_t before = resident_bytes();
  CHECK(make(1'000'000) == 6'000'000U);
  CHECK(Cart::alive == 0);
  CHECK(resident_bytes() < before + (size_t{2} << 20));
}

TEST_CASE("objects on many threads, each in its own instance") {
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([] {
        for (int i = 0; i < 10; ++i) {
          const auto held = instance();
          CHECK(bound<uint64_t(uint32_t)>(held, "shop")(100) == 600U);
          CHECK(bound<uint32_t(uint32_t)>(held, "keep")(5));
        }
      });
    }
  }
  CHECK(Cart::alive == 0);
}

using MakeCounter = Own<Counter>(uint32_t);

TEST_CASE("a module's resource is the program's until it lets go of it") {
  const auto held = instance();
  const auto make = bound<MakeCounter>(held, "[constructor]counter");
  const auto increment = bound<uint32_t(Borrow<Counter>)>(held, "counter.increment");
  const auto alive = bound<uint32_t()>(held, "counters.alive");
  {
    const auto counter = make(5).value();
    const auto other = make(1).value();
    const auto copy = counter;
    CHECK(increment(counter) == 6U);
    CHECK(increment(copy) == 7U);
    CHECK(increment(other) == 2U);
    CHECK(bound<uint32_t(std::vector<Borrow<Counter>>)>(held, "counters.largest")({counter, other}) == 7U);
    CHECK(alive() == 2U);
  }
  CHECK(alive() == 0U);
  CHECK(bound<std::vector<Own<Counter>>(uint32_t)>(held, "counters.some")(20).value().size() == 20);
  CHECK(alive() == 0U);
}

TEST_CASE("a module's resource goes back to its module once, and to no other") {
  const auto held = instance();
  const auto make = bound<MakeCounter>(held, "[constructor]counter");
  const auto sum = bound<uint32_t(Own<Counter>, Own<Counter>)>(held, "counter.sum");
  const auto a = make(1).value();
  const auto b = make(2).value();
  CHECK(sum(a, b) == 3U);
  CHECK(bound<uint32_t()>(held, "counters.alive")() == 0U);
  const auto again = sum(a, b);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::kInvalidArgument);
  CHECK(again.error().message == "the program has given this resource back already");
  const auto twice = make(3).value();
  CHECK(sum(twice, twice).error().code == ErrorCode::kInvalidArgument);
  const auto increment = bound<uint32_t(Borrow<Counter>)>(held, "counter.increment");
  CHECK(increment(a).error().code == ErrorCode::kInvalidArgument);
  CHECK(increment(twice) == 4U);

  const auto elsewhere = instance();
  const auto foreign = bound<uint32_t(Borrow<Counter>)>(elsewhere, "counter.increment")(twice);
  REQUIRE_FALSE(foreign);
  CHECK(foreign.error().message == "a resource goes back to the instance that gave it, and to no other");
  // Nothing of this ended an instance.
  CHECK(bound<uint32_t()>(elsewhere, "counters.alive")() == 0U);
  CHECK(bound<uint32_t()>(held, "counters.alive")() == 1U);
}

TEST_CASE("a module's resource outlives its instance as nothing") {
  auto held = instance();
  auto counter = std::make_optional(bound<MakeCounter>(held, "[constructor]counter")(1).value());
  held.reset();
  counter.reset();
}

TEST_CASE("a module's destructor that loops or traps ends its own instance, within the limits of a call") {
  for (const uint32_t start : {666U, 667U}) {
    const auto held = instance({.cpu_time = 50ms});
    const auto alive = bound<uint32_t()>(held, "counters.alive");
    const auto began = std::chrono::steady_clock::now();
    CHECK(bound<MakeCounter>(held, "[constructor]counter")(start));
    CHECK(std::chrono::steady_clock::now() - began < 5s);
    CHECK(alive().error().code == (start == 666 ? ErrorCode::kLimit : ErrorCode::kTrap));
  }
}

TEST_CASE("a resource that is let go of during a call is dropped when the call has ended") {
  std::optional<Own<Counter>> kept;
  auto imports = shop();
  imports.function("shop:price/carts@1.0.0.pay", [&](const Own<Cart>&) -> uint64_t {
    kept.reset();
    return 1;
  });
  const auto held = shopper()->instantiate({.imports = imports}).value();
  kept = bound<MakeCounter>(held, "[constructor]counter")(1).value();
  const auto cart = bound<uint32_t(uint32_t)>(held, "keep")(1).value();
  traps(bound<uint64_t(uint32_t)>(held, "pay-and-look")(cart));

  kept = bound<MakeCounter>(instance(), "[constructor]counter")(1).value();
  const auto other = instance();
  const auto make = bound<MakeCounter>(other, "[constructor]counter");
  const auto alive = bound<uint32_t()>(other, "counters.alive");
  // Let go of on one thread while another one calls: no drop is lost, and no call.
  std::atomic<int> calls = 0;
  for (int round = 0; round < 200; ++round) {
    auto counter = std::make_optional(make(1).value());
    std::jthread dropper([&] { counter.reset(); });
    if (alive()) ++calls;
  }
  auto left = alive();
  for (int i = 0; i < 100 && left != 0U; ++i) left = alive();
  CHECK(left == 0U);
}

TEST_CASE("a million of a module's resources take no more memory than a few") {
  const auto held = instance();
  const auto make = bound<MakeCounter>(held, "[constructor]counter");
  for (int i = 0; i < 1000; ++i) CHECK(make(1));
  const size_t before = resident_bytes();
  for (int i = 0; i < 1'000'000; ++i) {
    if (!make(1)) FAIL("it is over");
  }
  CHECK(resident_bytes() < before + (size_t{2} << 20));
  CHECK(bound<uint32_t()>(held, "counters.alive")() == 0U);
}

}  // namespace
