// SPDX-License-Identifier: Apache-2.0
// What a program gives to a module that is async: functions that answer later, streams and futures
// (tests/guests/rust/streams).

#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "embed/pipes.h"

namespace {

using namespace pipes;
using berth::Answer;
using berth::ErrorCode;
using berth::Future;
using berth::Stream;

template <class R, class... A>
berth::Result<R> call(const Pipes& pipes, const std::string& name, const A&... arguments) {
  const auto found = pipes.instance->function<R(A...)>(name);
  REQUIRE_MESSAGE(found, found.error().message);
  return (*found)(arguments...);
}

berth::Result<std::string> ask_two(const Pipes& pipes) {
  return call<std::string>(pipes, "ask-two", std::string_view("one"), std::string_view("two"));
}

template <class F>
berth::Imports asked(F function) {
  berth::Imports imports = giver();
  imports.async_function(kGiver + "ask", std::move(function));
  return imports;
}

TEST_CASE("an async function of the program answers at once, if it can") {
  CHECK(ask_two(Pipes()) == "one and two");
}

TEST_CASE("it answers later, from any thread, and is called again meanwhile") {
  std::mutex mutex;
  std::vector<std::pair<std::string, Answer<std::string>>> questions;
  std::jthread answers;  // after what it uses
  const Pipes pipes(asked([&](std::string name, const Answer<std::string>& answer) {
    const std::lock_guard lock(mutex);
    questions.emplace_back(std::move(name), answer);
    if (questions.size() < 2) return;
    // The second one first.
    answers = std::jthread([&] {
      const std::lock_guard held(mutex);
      for (auto question = questions.rbegin(); question != questions.rend(); ++question) {
        question->second("the answer to " + question->first);
        std::this_thread::sleep_for(5ms);
      }
      questions.clear();
    });
  }));
  for (int round = 0; round < 3; ++round) {
    CHECK(ask_two(pipes) == "the answer to one and the answer to two");
  }
}

TEST_CASE("one that fails, throws or lets go of its answer is a trap") {
  const auto ends_with = [](auto function, std::string_view why) {
    const auto ended = ask_two(Pipes(asked(std::move(function))));
    REQUIRE_FALSE(ended);
    CHECK(ended.error().code == ErrorCode::kTrap);
    CHECK_MESSAGE(ended.error().message.contains(why), ended.error().message);
  };
  using Asked = Answer<std::string>;
  ends_with([](std::string_view, const Asked&) {}, "ask' failed: it let go of its answer");
  ends_with([](std::string_view, const Asked& answer) { answer.fail("no ink"); }, "ask' failed: no ink");
// It knows of no fiber's stack, and takes what an exception left there for somebody's.
#ifndef __SANITIZE_ADDRESS__
  ends_with([](std::string_view, const Asked&) { throw std::runtime_error("no paper"); }, "no paper");
#endif
}

TEST_CASE("a wait for it ends with the call's time, and when it is cancelled") {
  std::mutex mutex;
  std::vector<Answer<std::string>> kept;
  const auto imports = asked([&](std::string_view, const Answer<std::string>& answer) {
    const std::lock_guard lock(mutex);
    kept.push_back(answer);
  });
  SUBCASE("its time") {
    const auto ended = ask_two(Pipes(imports, {.wall = 50ms}));
    REQUIRE_FALSE(ended);
    CHECK(ended.error().code == ErrorCode::kLimit);
  }
  SUBCASE("it is cancelled") {
    const Pipes pipes(imports);
    const std::jthread other([&] {
      std::this_thread::sleep_for(20ms);
      pipes.instance->cancel();
    });
    CHECK(ask_two(pipes).error().code == ErrorCode::kCancelled);
  }
  // Nobody has them any more.
  for (const auto& answer : kept) CHECK(answer("late"));
}

TEST_CASE("a function gives a stream that the program writes later") {
  std::jthread writes;
  berth::Imports imports = giver();
  imports.function(kGiver + "feed", [&](uint32_t count) {
    auto [writer, stream] = Stream<uint32_t>::make();
    writes = std::jthread([writer = std::move(writer), count] {
      for (uint32_t number = 1; number <= count; ++number) CHECK(writer.write(std::vector{number}) == 1);
    });
    return stream;
  });
  CHECK(call<uint64_t>(Pipes(imports), "fed", uint32_t{100}) == 5050U);
}

TEST_CASE("a function takes a stream that the program reads on another thread") {
  std::atomic<uint32_t> read = 0;
  std::jthread reads;
  berth::Imports imports = giver();
  imports.function(kGiver + "collect", [&](Stream<uint32_t> stream) {
    reads = std::jthread([&, stream = std::move(stream)] {
      while (read < 10) read += static_cast<uint32_t>(stream.read(3).value().size());
    });
  });
  // The program closes its end after ten.
  CHECK(call<uint32_t>(Pipes(imports), "collects", uint32_t{100}) == 10U);
  CHECK(read == 10);
}

TEST_CASE("whoever reads what a function took is told when that function fails") {
  std::optional<berth::Result<std::vector<uint32_t>>> read;
  std::jthread reads;
  berth::Imports imports = giver();
  imports.function(kGiver + "collect", [&](Stream<uint32_t> stream) {
    reads = std::jthread([&read, stream = std::move(stream)] { read = stream.read(1, 20s); });
    throw std::runtime_error("not today");
  });
  {
    const Pipes pipes(imports);
    CHECK_FALSE(call<uint32_t>(pipes, "collects", uint32_t{3}));
  }
  const auto begin = std::chrono::steady_clock::now();
  reads.join();
  CHECK(std::chrono::steady_clock::now() - begin < 10s);
  REQUIRE(read);
  CHECK_FALSE(*read);
}

TEST_CASE("an instance that is made within another's call takes nothing of that one's") {
  constexpr std::string_view kStarts = R"((component
    (import "hello" (func $hello))
    (core func $hello' (canon lower (func $hello)))
    (core module $m (import "" "hello" (func $hello)) (start $hello))
    (core instance $i (instantiate $m (with "" (instance (export "hello" (func $hello'))))))))";
  static const auto host = berth::Host::create().value();
  const auto inner = host->load(std::as_bytes(std::span(kStarts)), "starts").value();
  int hellos = 0;
  std::atomic<uint32_t> read = 0;
  std::jthread reads;
  berth::Imports imports = giver();
  imports.function(kGiver + "collect", [&](Stream<uint32_t> stream) {
    berth::Imports of_inner;
    // Answered later: what has arrived is connected at each such call.
    of_inner.async_function("hello", [&](const Answer<void>& answer) {
      ++hellos;
      CHECK(answer());
    });
    const auto made = inner->instantiate({.imports = of_inner});
    REQUIRE_MESSAGE(made, made.error().message);
    reads = std::jthread([&, stream = std::move(stream)] {
      while (read < 10) read += static_cast<uint32_t>(stream.read(3).value().size());
    });
  });
  CHECK(call<uint32_t>(Pipes(imports), "collects", uint32_t{100}) == 10U);
  CHECK(hellos == 1);
  CHECK(read == 10);
}

TEST_CASE("a stream that a function lets go of is closed") {
  CHECK(call<uint32_t>(Pipes(), "collects", uint32_t{100}) == 0U);
}

TEST_CASE("a function that a module waits for can't wait for the module") {
  std::optional<berth::Result<std::vector<uint32_t>>> read;
  std::optional<berth::Result<size_t>> written;
  berth::Imports imports = giver();
  imports.function(kGiver + "collect", [&](const Stream<uint32_t>& stream) { read = stream.read(1); });
  imports.function(kGiver + "feed", [&](uint32_t) {
    auto [writer, stream] = Stream<uint32_t>::make();
    written = writer.write(std::vector<uint32_t>{1});
    return stream;
  });
  const Pipes pipes(imports);
  CHECK(call<uint32_t>(pipes, "collects", uint32_t{3}) == 0U);
  REQUIRE(read);
  CHECK(read->error().code == ErrorCode::kUnavailable);
  CHECK(call<uint64_t>(pipes, "fed", uint32_t{3}) == 0U);
  REQUIRE(written);
  CHECK(written->error().code == ErrorCode::kUnavailable);
}

TEST_CASE("a function gives a future, which is set later") {
  std::jthread sets;
  berth::Imports imports = giver();
  imports.function(kGiver + "soon", [&](uint32_t value) {
    auto [promise, future] = Future<uint32_t>::make();
    sets = std::jthread([promise = std::move(promise), value] {
      std::this_thread::sleep_for(5ms);
      CHECK(promise.set(value + 1));
    });
    return future;
  });
  CHECK(call<uint32_t>(Pipes(imports), "soon", uint32_t{6}) == 7U);
  CHECK(call<uint32_t>(Pipes(), "soon", uint32_t{6}) == 6U);
}

}  // namespace
