// SPDX-License-Identifier: Apache-2.0
// Streams and futures between a program and a module (tests/guests/rust/streams), each way, and each way that
// they end.

#include <doctest/doctest.h>

#include <numeric>
#include <thread>

#include "embed/pipes.h"

namespace {

using namespace pipes;
using berth::ErrorCode;
using berth::Future;
using berth::Stream;

TEST_CASE("a program reads what a module writes, so many at a time, to its end") {
  const Pipes pipes;
  const auto numbers = pipes.call<Stream<uint32_t>>("numbers", uint32_t{5}).value();
  CHECK(numbers.read(0) == std::vector<uint32_t>());
  std::vector<uint32_t> all;
  for (;;) {
    const auto some = numbers.read(2).value();
    CHECK(some.size() <= 2);
    if (some.empty()) break;
    all.insert(all.end(), some.begin(), some.end());
  }
  CHECK(all == std::vector<uint32_t>{0, 1, 2, 3, 4});
  CHECK(numbers.read(2) == std::vector<uint32_t>());
}

TEST_CASE("nothing is taken from a module before it is wanted") {
  const Pipes pipes;
  const auto numbers = pipes.call<Stream<uint32_t>>("numbers", uint32_t{100}).value();
  CHECK(pipes.call<uint32_t>("taken") == 0U);
  CHECK(numbers.read(3).value().size() == 1);
  CHECK(pipes.call<uint32_t>("taken") == 1U);
}

TEST_CASE("bytes come in pieces as large as both sides have room for") {
  constexpr uint64_t kBytes = 3 << 20;
  const Pipes pipes;
  const auto bytes = pipes.call<Stream<uint8_t>>("bytes", kBytes).value();
  std::vector<uint8_t> all;
  size_t reads = 0;
  for (;; ++reads) {
    const auto some = bytes.read(1 << 20).value();
    if (some.empty()) break;
    all.insert(all.end(), some.begin(), some.end());
  }
  CHECK(reads == 3);
  REQUIRE(all.size() == kBytes);
  CHECK(all[0] == 0);
  CHECK(all[kBytes - 1] == static_cast<uint8_t>(kBytes - 1));
}

TEST_CASE("records with texts go through a stream both ways") {
  const Pipes pipes;
  const auto lines = pipes.call<Stream<Line>>("lines", uint32_t{3}).value();
  CHECK(lines.read(10).value() == std::vector<Line>{{0, "line 0"}, {1, "line 1"}, {2, "line 2"}});
  CHECK(lines.read(10).value().empty());
  const auto given = Stream<Line>::of({{7, "seven"}, {8, "eight"}});
  CHECK(pipes.call<std::string>("join", given) == "7=seven, 8=eight");
}

TEST_CASE("a module reads all that a program writes, while it is called on another thread") {
  const Pipes pipes;
  const auto [writer, stream] = Stream<uint8_t>::make();
  const auto sum = pipes.function<uint64_t(Stream<uint8_t>)>("sum");
  const auto call = sum.start(stream);
  std::vector<uint8_t> bytes(1 << 20);
  std::iota(bytes.begin(), bytes.end(), 0);
  for (int round = 0; round < 3; ++round) CHECK(writer.write(bytes) == bytes.size());
  writer.close();
  CHECK(call.wait() == 3 * std::accumulate(bytes.begin(), bytes.end(), uint64_t{0}));
  CHECK(writer.write(bytes).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("values that are all there need nobody who writes") {
  const Pipes pipes;
  CHECK(pipes.call<uint64_t>("total", Stream<uint32_t>::of({1, 2, 3})) == 6U);
  CHECK(pipes.call<uint64_t>("total", Stream<uint32_t>::of({})) == 0U);
}

TEST_CASE("a module goes on while a program reads and writes on its own thread") {
  const Pipes pipes;
  const auto [writer, stream] = Stream<uint32_t>::make();
  const auto doubled = pipes.call<Stream<uint32_t>>("doubled", stream).value();
  for (uint32_t number = 0; number < 100; ++number) {
    CHECK(writer.write(std::vector{number}) == 1);
    CHECK(doubled.read(10) == std::vector{2 * number});
  }
  writer.close();
  CHECK(doubled.read(10).value().empty());
}

TEST_CASE("who writes waits until it is read") {
  const Pipes pipes;
  const auto [writer, stream] = Stream<uint32_t>::make();
  const auto doubled = pipes.call<Stream<uint32_t>>("doubled", stream).value();
  // The first is read, and its double waits to be taken.
  CHECK(writer.write(std::vector<uint32_t>{1, 2}, 100ms) == 1);
  CHECK(doubled.read(1) == std::vector<uint32_t>{2});
  CHECK(writer.write(std::vector<uint32_t>{2}, 5s) == 1);
}

TEST_CASE("an end that is closed is seen by the other") {
  const Pipes pipes;
  SUBCASE("the module's that reads") {
    const auto [writer, stream] = Stream<uint32_t>::make();
    const auto first = pipes.function<std::vector<uint32_t>(Stream<uint32_t>, uint32_t)>("first");
    const auto call = first.start(stream, 2);
    CHECK(writer.write(std::vector<uint32_t>{1, 2, 3, 4}) == 2);
    CHECK(writer.write(std::vector<uint32_t>{5}) == 0);
    CHECK(call.wait() == std::vector<uint32_t>{1, 2});
  }
  SUBCASE("the program's that reads") {
    const auto numbers = pipes.call<Stream<uint32_t>>("numbers", uint32_t{100}).value();
    CHECK(numbers.read(1).value().size() == 1);
    numbers.close();
    CHECK(numbers.read(1).value().empty());
    CHECK(pipes.call<uint32_t>("taken") == 1U);
  }
  SUBCASE("the program's that reads, which is let go of") {
    CHECK(pipes.call<Stream<uint32_t>>("numbers", uint32_t{100}).has_value());
    CHECK(pipes.call<uint32_t>("taken") == 0U);
  }
  SUBCASE("the program's that writes, which is let go of") {
    auto call = [&] {
      const auto [writer, stream] = Stream<uint32_t>::make();
      auto started = pipes.function<uint64_t(Stream<uint32_t>)>("total").start(stream);
      CHECK(writer.write(std::vector<uint32_t>{4}) == 1);
      return started;
    }();
    CHECK(call.wait() == 4U);
  }
}

TEST_CASE("a wait has the time that it is given, and nothing is lost by it") {
  const Pipes pipes;
  const auto silent = pipes.call<Stream<uint32_t>>("silent").value();
  const auto late = silent.read(1, 20ms);
  REQUIRE_FALSE(late);
  CHECK(late.error().code == ErrorCode::kUnavailable);
  CHECK(pipes.call<uint32_t>("taken") == 0U);
  const auto [promise, future] = Future<std::string>::make();
  const auto back = pipes.call<Future<std::string>>("back-later", future).value();
  CHECK(back.get(20ms).error().code == ErrorCode::kUnavailable);
  CHECK(promise.set("late"));
  CHECK(back.get(5s) == "late");
}

TEST_CASE("a module that waits for the program takes no CPU") {
  const Pipes pipes;
  const auto [writer, stream] = Stream<uint32_t>::make();
  const auto doubled = pipes.call<Stream<uint32_t>>("doubled", stream).value();
  const auto before = pipes.instance->cpu_used();
  CHECK(doubled.read(1, 200ms).error().code == ErrorCode::kUnavailable);
  CHECK(pipes.instance->cpu_used() - before < 50ms);
  const std::jthread writes([&writer = writer] { CHECK(writer.write(std::vector<uint32_t>{4}) == 1U); });
  CHECK(doubled.read(1, 5s) == std::vector<uint32_t>{8});
}

TEST_CASE("a stream of an instance that has gone is no stream for another") {
  std::optional<Pipes> gone(std::in_place);
  const auto numbers = gone->call<Stream<uint32_t>>("numbers", uint32_t{4}).value();
  gone.reset();
  const Pipes other;
  const auto total = other.call<uint64_t>("total", numbers);
  REQUIRE_FALSE(total);
  CHECK(total.error().code == ErrorCode::kTrap);
}

TEST_CASE("a wait is under the limits of a call") {
  const Pipes pipes({.wall = 50ms});
  const auto silent = pipes.call<Stream<uint32_t>>("silent").value();
  const auto ended = silent.read(1);
  REQUIRE_FALSE(ended);
  CHECK_MESSAGE(ended.error().message.contains("limits.wall"), ended.error().message);
  CHECK_FALSE(pipes.call<uint32_t>("taken"));
}

TEST_CASE("a trap ends what its instance reads and writes") {
  const Pipes pipes;
  const auto falling = pipes.call<Stream<uint32_t>>("falling", uint32_t{2}).value();
  const auto silent = pipes.call<Stream<uint32_t>>("silent").value();
  const auto [writer, stream] = Stream<uint32_t>::make();
  const auto doubled = pipes.call<Stream<uint32_t>>("doubled", stream).value();
  CHECK(falling.read(1) == std::vector<uint32_t>{0});
  CHECK(falling.read(1) == std::vector<uint32_t>{1});
  const auto ended = silent.read(1, 5s);
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code == ErrorCode::kTrap);
  CHECK(writer.write(std::vector<uint32_t>{1}).error().code == ErrorCode::kTrap);
  CHECK(doubled.read(1).error().code == ErrorCode::kTrap);
  CHECK(pipes.call<uint32_t>("taken").error().code == ErrorCode::kTrap);
}

TEST_CASE("an instance that goes, or is cancelled, ends what waits for it") {
  std::optional<Pipes> pipes(std::in_place);
  const auto silent = pipes->call<Stream<uint32_t>>("silent").value();
  SUBCASE("it goes") {
    pipes.reset();
    CHECK(silent.read(1).error().code == ErrorCode::kUnavailable);
  }
  SUBCASE("it is cancelled") {
    const std::jthread other([&] {
      std::this_thread::sleep_for(20ms);
      pipes->instance->cancel();
    });
    CHECK(silent.read(1).error().code == ErrorCode::kCancelled);
  }
}

TEST_CASE("a read that was started ends by itself, or is cancelled") {
  const Pipes pipes;
  const auto numbers = pipes.call<Stream<uint32_t>>("numbers", uint32_t{1}).value();
  CHECK(numbers.start_read(5).wait() == std::vector<uint32_t>{0});
  CHECK(pipes.call<Future<std::string>>("later", std::string_view("x")).value().start_get().wait() == "x");
  CHECK(Stream<uint32_t>::of({1}).start_read(1).wait().error().code == ErrorCode::kInvalidArgument);
  const auto silent = pipes.call<Stream<uint32_t>>("silent").value();
  const auto waits = silent.start_read(1);
  std::this_thread::sleep_for(20ms);
  waits.cancel();
  CHECK(waits.wait().error().code == ErrorCode::kCancelled);
}

TEST_CASE("several threads wait for one instance, of which one has it go on") {
  const Pipes pipes;
  const auto [writer, stream] = Stream<uint32_t>::make();
  const auto doubled = pipes.call<Stream<uint32_t>>("doubled", stream).value();
  constexpr uint32_t kMany = 300;
  uint64_t sum = 0;
  {
    const std::jthread reads([&] {
      for (;;) {
        const auto some = doubled.read(7).value();
        if (some.empty()) return;
        sum += std::accumulate(some.begin(), some.end(), uint64_t{0});
      }
    });
    const std::jthread writes([&, writer = writer] {
      for (uint32_t number = 0; number < kMany; ++number) {
        CHECK(writer.write(std::vector{number}) == 1);
      }
      writer.close();
    });
  }
  CHECK(sum == uint64_t{kMany} * (kMany - 1));
}

TEST_CASE("a future has one value, both ways, or none at all") {
  const Pipes pipes;
  const auto later = pipes.call<Future<std::string>>("later", std::string_view("a text")).value();
  CHECK(later.get() == "a text");
  CHECK(later.get().error().code == ErrorCode::kInvalidArgument);
  CHECK(pipes.call<Future<void>>("done").value().get().has_value());
  CHECK(pipes.call<std::string>("hear", Future<std::string>::of("b")) == "b");
  CHECK(pipes.call<void>("wait", Future<void>::of()).has_value());
  const auto [promise, future] = Future<std::string>::make();
  const auto heard = pipes.function<std::string(Future<std::string>)>("hear").start(future);
  CHECK(promise.set("c"));
  CHECK_FALSE(promise.set("d"));
  CHECK(heard.wait() == "c");
}

TEST_CASE("a future that is let go of without a value is a trap of who waits for it") {
  const Pipes pipes;
  auto future = Future<std::string>::make().second;
  const auto ended = pipes.call<std::string>("hear", future);
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code == ErrorCode::kTrap);
  CHECK_MESSAGE(ended.error().message.contains("gave it no value"), ended.error().message);
}

TEST_CASE("what the program gave comes back unread") {
  const Pipes pipes;
  const auto bytes = pipes.call<Stream<uint8_t>>("back", Stream<uint8_t>::of({1, 2, 3})).value();
  CHECK(bytes.read(2) == std::vector<uint8_t>{1, 2});
  CHECK(bytes.read(2) == std::vector<uint8_t>{3});
  CHECK(bytes.read(2).value().empty());
  const auto lines = pipes.call<Stream<Line>>("back-lines", Stream<Line>::of({{1, "a"}, {2, "b"}})).value();
  CHECK(lines.read(5) == std::vector<Line>{{1, "a"}});
  CHECK(lines.read(5) == std::vector<Line>{{2, "b"}});
  CHECK(lines.read(5).value().empty());
  CHECK(pipes.call<Future<std::string>>("back-later", Future<std::string>::of("x")).value().get() == "x");
}

TEST_CASE("an end is given once, and what a module wrote goes to no other") {
  const Pipes pipes;
  const auto stream = Stream<uint32_t>::of({1});
  CHECK(pipes.call<uint64_t>("total", stream) == 1U);
  CHECK(pipes.call<uint64_t>("total", stream).error().code == ErrorCode::kInvalidArgument);
  CHECK(stream.read(1).error().code == ErrorCode::kInvalidArgument);
  const auto numbers = pipes.call<Stream<uint32_t>>("numbers", uint32_t{4}).value();
  const Pipes other;
  const auto refused = other.call<uint64_t>("total", numbers);
  REQUIRE_FALSE(refused);
  CHECK_MESSAGE(refused.error().message.contains("its own instance alone"), refused.error().message);
  CHECK(pipes.call<uint64_t>("total", numbers) == 6U);
}

TEST_CASE("other types are refused when it is bound") {
  const Pipes pipes;
  const auto other = pipes.instance->function<Stream<int32_t>(uint32_t)>(kPipes + "numbers");
  REQUIRE_FALSE(other);
  CHECK(other.error().code == ErrorCode::kInvalidArgument);
  CHECK_MESSAGE(other.error().message.contains("stream<s32>"), other.error().message);
  CHECK_MESSAGE(other.error().message.contains("stream<u32>"), other.error().message);
  CHECK_FALSE(pipes.instance->function<Future<uint32_t>()>(kPipes + "silent"));
  CHECK_FALSE(pipes.instance->function<Future<void>(std::string_view)>(kPipes + "later"));
}

}  // namespace
