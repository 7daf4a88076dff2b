// SPDX-License-Identifier: Apache-2.0
// Values of every type to a module and back, through the library as a program uses it. The module gives back
// what it gets (tests/guests/wit/every).

#include "embed/every.h"

#include <doctest/doctest.h>

#include <thread>

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

TEST_CASE("values of every type come back") {
  everything_comes_back(*instance());
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
