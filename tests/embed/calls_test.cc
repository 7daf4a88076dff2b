// SPDX-License-Identifier: Apache-2.0
// Calls that are started: the host's own threads make them.

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

#include "embed/relay.h"

namespace {

using namespace every;
using namespace std::chrono_literals;
using berth::Call;
using berth::ErrorCode;
using berth::Value;

/// Loaded by a host with so many threads.
std::shared_ptr<berth::Module> module_of(size_t callers) {
  const char* const path = std::getenv("BERTH_EVERY_GUEST");
  REQUIRE_MESSAGE(path != nullptr, "BERTH_EVERY_GUEST names the module");
  return berth::Host::create({.callers = callers}).value()->load(path).value();
}

std::shared_ptr<berth::Instance> instance_of(size_t callers, const berth::InstanceLimits& limits = {}) {
  return module_of(callers)->instantiate({.limits = limits}).value();
}

/// A function of the program that a module waits in the first time that it calls it.
struct Gate {
  std::promise<void> entered;
  std::promise<void> opened;
  std::atomic<bool> first = true;

  void pass() {
    if (!first.exchange(false)) return;
    entered.set_value();
    opened.get_future().wait();
  }
  /// Of the relay, whose "log" or "add" it is.
  std::shared_ptr<berth::Instance> instance(std::string_view function = "log") {
    berth::Imports imports = everything();
    if (function == "log") {
      imports.function("log", [this](std::string_view) { pass(); });
    } else {
      imports.function("add", [this](int32_t a, int32_t b) {
        pass();
        return a + b;
      });
    }
    return relay()->instantiate({.imports = imports}).value();
  }
};

TEST_CASE("a call that is started ends by itself, on another thread, with its result") {
  const auto instance = instance_of(1);
  const auto add = instance->function<int32_t(int32_t, int32_t)>("add").value();
  const Call<int32_t> call = add.start(1, 2);
  CHECK(call.wait() == 3);
  CHECK(call.done());
  CHECK(call.wait() == 3);
  std::thread::id heard;
  call.then([&](const berth::Result<int32_t>& sum) {
    CHECK(sum == 3);
    heard = std::this_thread::get_id();
  });
  CHECK(heard == std::this_thread::get_id());
  CHECK(instance->function<void()>("nothing").value().start().wait());
  CHECK(instance->function("add").value().start({3, 4}).wait() == Value(7));
  CHECK(instance->function("add").value().start({3}).wait().error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("views of arguments are copied when the call is started") {
  const auto instance = instance_of(1);
  const auto joined = instance->function<std::string(uint8_t, std::string_view, uint16_t, double, const char*,
                                                     int64_t, std::span<const uint8_t>, bool, char32_t, Point,
                                                     std::optional<uint64_t>, std::string)>("joined");
  const auto start = [&] {
    const std::string two = "two, which is no short text at all";
    const std::string five = "five, which is none either, for sure";
    const std::vector<uint8_t> bytes{1, 2};
    return joined.value().start(1, two, 3, 4.5, five.c_str(), -6, bytes, true, U'i', {.x = 7.5F, .y = 8},
                                std::nullopt, "end");
  };
  CHECK(start().wait() ==
        "1 two, which is no short text at all 3 4.5 five, which is none either, for sure -6 [1, 2] true i "
        "7.5 8 "
        "None end");
}

TEST_CASE("calls of one instance are made one at a time, in their order") {
  const auto instance = instance_of(4);
  const auto count = instance->function<uint32_t()>("count").value();
  std::vector<Call<uint32_t>> calls;
  std::vector<uint32_t> heard;
  for (int i = 0; i < 500; ++i) {
    calls.push_back(count.start());
    calls.back().then([&](const berth::Result<uint32_t>& counted) { heard.push_back(counted.value()); });
  }
  for (uint32_t i = 0; i < 500; ++i) CHECK(calls[i].wait() == i + 1);
  calls.push_back(count.start());
  CHECK(calls.back().wait() == 501U);
  CHECK(heard.size() == 500);
  CHECK(std::ranges::is_sorted(heard));
}

TEST_CASE("calls of several instances are made beside each other") {
  Gate first;
  Gate second;
  const auto call = [](Gate& gate) {
    return gate.instance()->function<void(std::string_view)>("say").value().start("line");
  };
  const auto one = call(first);
  const auto two = call(second);
  first.entered.get_future().wait();
  second.entered.get_future().wait();
  CHECK_FALSE(one.wait_for(1ms));
  first.opened.set_value();
  second.opened.set_value();
  CHECK(one.wait());
  CHECK(two.wait());
}

TEST_CASE("a call that waits is cancelled at once, and changes nothing") {
  Gate gate;
  const auto instance = gate.instance();
  const auto say = instance->function<void(std::string_view)>("say").value();
  const auto adds = instance->function<uint32_t(uint32_t)>("adds").value();
  const auto goes_on = say.start("line");
  gate.entered.get_future().wait();
  const auto waits = adds.start(7);
  const auto behind = adds.start(8);
  std::thread::id heard;
  waits.then([&](const berth::Result<uint32_t>&) { heard = std::this_thread::get_id(); });
  waits.cancel();
  REQUIRE(waits.done());
  CHECK(waits.wait().error().code == ErrorCode::kCancelled);
  CHECK(heard == std::this_thread::get_id());
  CHECK_FALSE(behind.done());
  // A direct call beside one that was started is one beside another.
  CHECK(adds(1).error().code == ErrorCode::kUnavailable);
  gate.opened.set_value();
  CHECK(goes_on.wait());
  CHECK(behind.wait() == 8U);
  goes_on.cancel();
  CHECK(adds.start(9).wait() == 9U);
}

TEST_CASE("a call that goes on is cancelled, and with it the instance") {
  Gate gate;
  const auto instance = gate.instance("add");
  const auto adds = instance->function<uint32_t(uint32_t)>("adds").value();
  const auto goes_on = adds.start(UINT32_MAX);
  const auto behind = adds.start(1);
  gate.entered.get_future().wait();
  goes_on.cancel();
  CHECK_FALSE(goes_on.done());
  gate.opened.set_value();
  CHECK(goes_on.wait().error().code == ErrorCode::kCancelled);
  CHECK(behind.wait().error().code == ErrorCode::kCancelled);

  const auto spins = instance_of(1)->function<void()>("spin").value().start();
  CHECK_FALSE(spins.wait_for(100ms));
  spins.cancel();
  CHECK(spins.wait_for(5s));
  CHECK(spins.wait().error().code == ErrorCode::kCancelled);
}

TEST_CASE("limits and traps are the call's result") {
  CHECK(instance_of(1, {.wall = 30ms})->function<void()>("spin").value().start().wait().error().code ==
        ErrorCode::kLimit);
  CHECK(instance_of(1)->function<void()>("fall").value().start().wait().error().code == ErrorCode::kTrap);
}

TEST_CASE("a call that nobody waits for goes on, and ends what it kept with it") {
  Gate gate;
  std::promise<void> ended;
  std::weak_ptr<berth::Instance> kept;
  {
    const auto instance = gate.instance();
    kept = instance;
    const auto call = instance->function<void(std::string_view)>("say").value().start("line");
    call.then([&](const berth::Result<void>& said) {
      CHECK(said);
      ended.set_value();
    });
  }
  gate.entered.get_future().wait();
  CHECK_FALSE(kept.expired());
  gate.opened.set_value();
  ended.get_future().wait();
  CHECK(kept.expired());
}

TEST_CASE("a host that is let go of while calls go on and wait ends with the last of them") {
  for (int i = 0; i < 10; ++i) {
    std::vector<Call<uint32_t>> calls;
    std::weak_ptr<berth::Module> kept;
    {
      const auto module = module_of(2);
      kept = module;
      for (int n = 0; n < 3; ++n) {
        const auto count = module->instantiate().value()->function<uint32_t()>("count").value();
        for (int c = 0; c < 5; ++c) calls.push_back(count.start());
      }
    }
    for (const auto& call : calls) CHECK(call.wait());
    CHECK(kept.expired());
  }
}

TEST_CASE("what a callback throws is dropped, and one may start the next call") {
  const auto instance = instance_of(1);
  const auto count = instance->function<uint32_t()>("count").value();
  std::promise<uint32_t> last;
  const auto first = count.start();
  first.then([](const berth::Result<uint32_t>&) { throw std::runtime_error("no ears"); });
  std::function<void(const berth::Result<uint32_t>&)> again = [&](const berth::Result<uint32_t>& counted) {
    if (counted.value() == 100) return last.set_value(100);
    count.start().then(again);
  };
  first.then(again);
  CHECK(last.get_future().get() == 100U);
}

TEST_CASE("many threads start and cancel calls of many instances") {
  const auto module = module_of(3);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        const auto instance = module->instantiate().value();
        const auto count = instance->function<uint32_t()>("count").value();
        std::vector<Call<uint32_t>> calls;
        for (int c = 0; c < 20; ++c) {
          calls.push_back(count.start());
          if (c % 3 == 2) calls[static_cast<size_t>(c) / 2].cancel();
        }
        for (const auto& call : calls) {
          const auto& counted = call.wait();
          if (!counted) CHECK(counted.error().code == ErrorCode::kCancelled);
        }
      }
    });
  }
}

}  // namespace
