// SPDX-License-Identifier: Apache-2.0
// Functions that are async in WIT, called from a program: their results in each way they come, their waiting
// under the limits of a call (tests/guests/wat/later.wat).

#include <doctest/doctest.h>

#include <thread>

#include "berth/berth.h"

namespace {

using namespace std::chrono_literals;
using berth::ErrorCode;
using Pair = std::tuple<uint32_t, uint32_t>;
using Text = std::string;
using Nine = std::tuple<Text, Text, Text, Text, Text, Text, Text, Text, Text>;

constexpr uint64_t kMillisecond = 1'000'000;
constexpr uint64_t kHour = 3'600'000 * kMillisecond;

/// Compiled once for all cases.
const std::shared_ptr<berth::Module>& module() {
  static const auto loaded = [] {
    const auto host = berth::Host::create().value();
    return host->load(BERTH_LATER_GUEST).value();
  }();
  return loaded;
}

struct Later {
  explicit Later(berth::InstanceLimits limits = {.wall = 10s})
      : instance(module()->instantiate({.limits = limits}).value()) {}

  template <class R, class... A>
  berth::Result<R> call(std::string_view name, const A&... arguments) const {
    const auto function = instance->function<R(A...)>(name);
    REQUIRE_MESSAGE(function, function.error().message);
    return (*function)(arguments...);
  }

  std::shared_ptr<berth::Instance> instance;
};

TEST_CASE("an async function's result comes as any other's, as values or in memory") {
  const Later later;
  for (uint32_t round = 0; round < 3; ++round) {
    CHECK(later.call<Pair>("pair", round) == Pair{round, round + 1});
    CHECK(later.call<Pair>("pair-in-memory", round) == Pair{round, round + 1});
    CHECK(later.call<Pair>("pair-at-once", round) == Pair{round, round + 1});
    CHECK(later.call<Text>("echo", std::string_view("a text")) == "a text");
    CHECK(later.call<Nine>("nine", std::string_view("x")) ==
          Nine{"x", "x", "x", "x", "x", "x", "x", "x", "x"});
    CHECK(later.call<void>("none").has_value());
  }
}

TEST_CASE("an async function may wait, and keeps what it knows from call to call") {
  const Later later;
  CHECK(later.call<uint32_t>("after", 5 * kMillisecond) == 1);
  CHECK(later.call<uint32_t>("after", uint64_t{0}) == 2);
  CHECK(later.call<uint32_t>("plain") == 2);
}

TEST_CASE("it is called without C++ types too, and started") {
  const Later later;
  const auto pair = later.instance->function("pair").value();
  CHECK(pair({7}).value() == berth::Value::tuple({7, 8}));
  const auto after = later.instance->function<uint32_t(uint64_t)>("after").value();
  auto started = after.start(5 * kMillisecond);
  CHECK(started.wait() == 1);
}

TEST_CASE("its limits are those of a call") {
  SUBCASE("what waits too long") {
    const Later later({.wall = 50ms});
    const auto ended = later.call<uint32_t>("after", kHour);
    REQUIRE_FALSE(ended);
    CHECK(ended.error().code == ErrorCode::kLimit);
    CHECK_MESSAGE(ended.error().message.contains("limits.wall"), ended.error().message);
    CHECK_FALSE(later.call<uint32_t>("plain"));
  }
  for (const char* const name : {"spin", "never"}) {
    CAPTURE(name);
    const Later later({.cpu_time = 50ms, .wall = 10s});
    const auto ended = later.call<uint32_t>(name);
    REQUIRE_FALSE(ended);
    CHECK_MESSAGE(ended.error().message.contains("limits.cpu_time"), ended.error().message);
  }
}

TEST_CASE("what goes wrong in it is an error of the call") {
  SUBCASE("a trap") {
    const auto ended = Later().call<uint32_t>("fall");
    REQUIRE_FALSE(ended);
    CHECK(ended.error().code == ErrorCode::kTrap);
  }
  SUBCASE("it ends and has given nothing") {
    const Later later;
    CHECK_FALSE(later.call<uint32_t>("silent"));
    CHECK_FALSE(later.call<uint32_t>("plain"));
    CHECK(Later().call<uint32_t>("plain") == 0);
  }
}

TEST_CASE("a call that waits is cancelled") {
  const Later later;
  const auto after = later.instance->function<uint32_t(uint64_t)>("after").value();
  std::jthread other([&] {
    std::this_thread::sleep_for(20ms);
    later.instance->cancel();
  });
  const auto ended = after(kHour);
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code == ErrorCode::kCancelled);
}

TEST_CASE("other types are refused when it is bound") {
  const Later later;
  const auto other = later.instance->function<uint32_t(uint32_t)>("pair");
  REQUIRE_FALSE(other);
  CHECK_MESSAGE(other.error().message.contains("tuple<u32, u32>"), other.error().message);
}

}  // namespace
