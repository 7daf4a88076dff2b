// SPDX-License-Identifier: Apache-2.0
// Functions of a program that answer later: the module waits on a fiber, and the calling thread with it.

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "embed/relay.h"

namespace {

using namespace every;
using namespace std::chrono_literals;
using berth::Answer;
using berth::ErrorCode;
using Clock = std::chrono::steady_clock;

template <class F>
std::shared_ptr<berth::Instance> instance_with(const std::string& name, F function,
                                               const berth::InstanceLimits& limits = {}) {
  berth::Imports imports = everything();
  imports.async_function(name, std::move(function));
  auto made = relay()->instantiate({.limits = limits, .imports = imports});
  REQUIRE_MESSAGE(made, made.error().message);
  return *made;
}

berth::Result<uint32_t> adds(const std::shared_ptr<berth::Instance>& instance, uint32_t times) {
  return instance->function<uint32_t(uint32_t)>("adds").value()(times);
}

TEST_CASE("values of every type go through a module that may wait") {
  const auto instance =
      instance_with("add", [](int32_t a, int32_t b, const Answer<int32_t>& answer) { answer(a + b); });
  everything_comes_back(*instance);
  CHECK(adds(instance, 1000) == 1000U);
  CHECK(instance->function<uint32_t(uint32_t)>("greets").value()(1000) == 23'000U);
}

TEST_CASE("an answer comes from another thread, while the module waits") {
  std::vector<std::jthread> threads;
  std::mutex mutex;
  const auto instance =
      instance_with("berth:every/echo@1.0.0.readings", [&](Reading given, Answer<Reading> answer) {
        const std::lock_guard lock(mutex);
        threads.emplace_back([given = std::move(given), answer = std::move(answer)] {
          std::this_thread::sleep_for(2ms);
          answer(given);
        });
      });
  for (uint64_t id = 0; id < 20; ++id)
    CHECK(echo<Reading>(*instance, "readings", reading(id)) == reading(id));
}

TEST_CASE("an answer without a value, and a second one") {
  std::optional<Answer<void>> kept;
  bool first = false;
  bool second = true;
  const auto instance = instance_with("log", [&](std::string_view, const Answer<void>& answer) {
    kept = answer;
    first = answer();
    second = answer();
  });
  CHECK(say(instance, "line"));
  CHECK(first);
  CHECK_FALSE(second);
  CHECK_FALSE((*kept)());
}

TEST_CASE("an answer that is let go of, refused or thrown is a trap") {
  const auto ends_with = [](auto function, std::string_view why) {
    const auto ended = say(instance_with("log", std::move(function)), "line");
    REQUIRE_FALSE(ended);
    CHECK(ended.error().code == ErrorCode::kTrap);
    CHECK_MESSAGE(ended.error().message.find(why) != std::string::npos, ended.error().message);
  };
  ends_with([](std::string_view, const Answer<void>&) {}, "'log' failed: it let go of its answer");
  ends_with([](std::string_view, const Answer<void>& answer) { answer.fail("no paper"); },
            "'log' failed: no paper");
  ends_with([](std::string_view, const Answer<void>&) { throw std::runtime_error("no ink"); },
            "'log' failed: no ink");
  std::jthread later;
  ends_with(
      [&](std::string_view, Answer<void> answer) {
        later = std::jthread([answer = std::optional(std::move(answer))]() mutable {
          std::this_thread::sleep_for(20ms);
          answer.reset();
        });
      },
      "'log' failed: it let go of its answer");
}

TEST_CASE("a wait ends with the call's time, and an answer that comes after it is nobody's") {
  std::optional<Answer<void>> kept;
  const auto keep = [&](std::string_view, const Answer<void>& answer) { kept = answer; };
  auto instance = instance_with("log", keep, {.wall = 50ms});
  const auto began = Clock::now();
  const auto late = say(instance, "line");
  CHECK(Clock::now() - began < 5s);
  CHECK(Clock::now() - began >= 50ms);
  REQUIRE_FALSE(late);
  CHECK(late.error().code == ErrorCode::kLimit);
  CHECK((*kept)());
  CHECK(say(instance, "line").error() == late.error());
  instance = instance_with("log", keep, {.wall = 20ms});
  CHECK_FALSE(say(instance, "line"));
  instance.reset();
  CHECK((*kept)());
}

TEST_CASE("a wait ends when it is cancelled from another thread") {
  std::optional<Answer<void>> kept;
  std::atomic<bool> waits = false;
  const auto instance = instance_with("log", [&](std::string_view, const Answer<void>& answer) {
    kept = answer;
    waits = true;
  });
  std::jthread canceller([&] {
    while (!waits) std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(20ms);
    instance->cancel();
  });
  const auto began = Clock::now();
  const auto ended = say(instance, "line");
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code == ErrorCode::kCancelled);
  CHECK(Clock::now() - began < 5s);
}

TEST_CASE("time that is waited is no time of the CPU") {
  std::jthread later;
  const auto instance = instance_with("log",
                                      [&](std::string_view, Answer<void> answer) {
                                        later = std::jthread([answer = std::move(answer)] {
                                          std::this_thread::sleep_for(300ms);
                                          answer();
                                        });
                                      },
                                      {.cpu_time = 100ms});
  CHECK(say(instance, "line"));
  CHECK(instance->cpu_used() < 100ms);
}

TEST_CASE("other types of a function that answers later are told as of others") {
  berth::Imports imports = everything();
  imports.async_function("add", [](int32_t, const Answer<std::string>&) {});
  const auto wrong = relay()->instantiate({.imports = imports});
  REQUIRE_FALSE(wrong);
  CHECK(
      wrong.error().message.ends_with("  'add' has other types\n    module:  func(a: s32, b: s32) -> s32\n"
                                      "    program: func(s32) -> string"));
}

TEST_CASE("instances on many threads wait for one thread's answers") {
  std::mutex mutex;
  std::vector<Answer<int32_t>> waiting;
  std::atomic<bool> done = false;
  berth::Imports imports = everything();
  imports.async_function("add", [&](int32_t, int32_t, const Answer<int32_t>& answer) {
    const std::lock_guard lock(mutex);
    waiting.push_back(answer);
  });
  std::jthread answering([&] {
    while (!done) {
      std::vector<Answer<int32_t>> now;
      {
        const std::lock_guard lock(mutex);
        now.swap(waiting);
      }
      for (const auto& answer : now) answer(7);
    }
  });
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&imports] {
        const auto instance = relay()->instantiate({.imports = imports}).value();
        for (int i = 0; i < 50; ++i) CHECK(adds(instance, 20) == 7U);
      });
    }
  }
  done = true;
}

}  // namespace
