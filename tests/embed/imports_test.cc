// SPDX-License-Identifier: Apache-2.0
// A program's functions as a module calls them. The module hands on what it gets (tests/guests/cpp/relay.cc):
// a value goes to it, from it to the program's function, and all the way back. It imports nothing of WASI, so
// it is called directly.

#include <atomic>
#include <functional>
#include <stdexcept>
#include <thread>

#include "embed/relay.h"

namespace {

using namespace every;
using namespace std::chrono_literals;
using berth::ErrorCode;

/// The module with one function in place of the usual one.
template <class F>
std::shared_ptr<berth::Instance> instance_with(const std::string& name, F function,
                                               const berth::InstanceLimits& limits = {}) {
  berth::Imports imports = everything();
  imports.function(name, std::move(function));
  return relay()->instantiate({.limits = limits, .imports = imports}).value();
}

TEST_CASE("values of every type reach a program's function, and come back") {
  everything_comes_back(*relay()->instantiate({.imports = everything()}).value());
}

TEST_CASE("a program's function is called as often as the module likes") {
  const auto instance = relay()->instantiate({.imports = everything()}).value();
  CHECK(instance->function<uint32_t(uint32_t)>("adds").value()(100'000).value() == 100'000);
  CHECK(instance->function<uint32_t(uint32_t)>("greets").value()(100'000).value() == 23 * 100'000);
}

TEST_CASE("views see a parameter where it lies, and other types copy it") {
  const std::string line = "a line of text";
  std::vector<std::string> seen;
  const auto see = [&](const auto& text) { seen.emplace_back(text); };
  for (const auto& instance : {instance_with("log", [&](std::string_view text) { see(text); }),
                               instance_with("log", [&](const std::string& text) { see(text); }),
                               instance_with("log", [&](std::string&& text) { see(text); }),
                               instance_with("log", std::function<void(std::string)>(
                                                        [&](const std::string& text) { see(text); }))}) {
    CHECK(say(instance, line));
  }
  CHECK(seen == std::vector<std::string>(4, line));
}

struct Book {
  std::vector<std::string> lines;
  void add(const std::string& line) {
    lines.push_back(line);
  }
  int32_t sum(int32_t a, int32_t b) const noexcept {
    return a + b + static_cast<int32_t>(lines.size());
  }
};

TEST_CASE("an object's functions are given, of the program's or of one that they keep") {
  Book book;
  const auto kept = std::make_shared<Book>();
  berth::Imports imports = everything();
  imports.function("log", &book, &Book::add).function("add", kept, &Book::sum);
  const auto instance = relay()->instantiate({.imports = imports}).value();
  CHECK(say(instance, "one"));
  CHECK(book.lines == std::vector<std::string>{"one"});
  kept->lines.resize(5);
  CHECK(instance->function<uint32_t(uint32_t)>("adds").value()(1) == 6);
}

TEST_CASE("an interface goes without its package, and in a compatible version") {
  for (const char* const name : {"echo.u32s", "berth:every/echo.u32s", "berth:every/echo@1.7.3.u32s"}) {
    berth::Imports imports = everything();
    imports.function(name, [](uint32_t) { return 7U; });
    // What is given under its whole name counts more.
    CHECK(echo<uint32_t>(*relay()->instantiate({.imports = imports}).value(), "u32s", 1) == 1);
    const auto named = instance_with("berth:every/echo@1.0.0.u32s", [](uint32_t) { return 8U; });
    CHECK(echo<uint32_t>(*named, "u32s", 1) == 8);
  }
  CHECK(instance_with("berth:every/echo@2.0.0.u32s", [] {}));
  CHECK(instance_with("nobody-asked", [] {}));
}

TEST_CASE("all that is missing or has other types is told at once, and nothing runs") {
  const auto nothing = relay()->instantiate();
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().code == ErrorCode::kInvalidArgument);
  CHECK(nothing.error().message.starts_with(
      "'relay.wasm' imports what the program doesn't give it (Imports::function)\n"));
  for (const char* const missing : {"\n  'log' isn't given\n    module:  func(line: string)\n",
                                    "\n  'berth:every/echo@1.0.0.shapes' isn't given\n    module:  func(v: "
                                    "variant { nothing, circle(f32), "
                                    "rectangle(tuple<record { x: f32, y: f32 }, record { x: f32, y: f32 }>), "
                                    "label(string), wide(u64) }) -> "}) {
    CHECK_MESSAGE(nothing.error().message.find(missing) != std::string::npos, nothing.error().message);
  }

  berth::Imports wrong = everything();
  wrong.function("log", [](uint32_t) {})
      .function("berth:every/echo@1.0.0.points", [](Reading) { return Point(); })
      .function("add", [](int32_t, int32_t) -> berth::Result<int64_t> { return 1; });
  const auto mismatched = relay()->instantiate({.imports = wrong});
  REQUIRE_FALSE(mismatched);
  CHECK(mismatched.error().message ==
        "'relay.wasm' imports what the program doesn't give it (Imports::function)\n"
        "  'berth:every/echo@1.0.0.points' has other types\n"
        "    module:  func(v: record { x: f32, y: f32 }) -> record { x: f32, y: f32 }\n"
        "    program: func(record { _: u64, _: string, _: list<f64>, _: bool, _: u32, _: u32, _: s64, _: f32 "
        "}) -> "
        "record { x: f32, y: f32 }\n"
        "  'log' has other types\n"
        "    module:  func(line: string)\n"
        "    program: func(u32)\n"
        "  'add' has other types\n"
        "    module:  func(a: s32, b: s32) -> s32\n"
        "    program: func(s32, s32) -> s64");
}

TEST_CASE("an error in a function, or an exception, is a trap of the module with its message") {
  const auto refusing = instance_with("log", [](std::string_view) -> berth::Result<void> {
    return berth::fail(ErrorCode::kNotFound, "there is no log");
  });
  const auto refused = say(refusing, "one");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kTrap);
  CHECK(refused.error().message.starts_with(
      "'relay.wasm': the call trapped: the program's function 'log' failed: there is no log\n"));
  CHECK(say(refusing, "two").error() == refused.error());

  const auto throwing =
      say(instance_with("log", [](std::string_view) { throw std::runtime_error("out of paper"); }), "one");
  REQUIRE_FALSE(throwing);
  CHECK(throwing.error().message.starts_with(
      "'relay.wasm': the call trapped: the program's function 'log' failed: out of paper\n"));
  const auto odd = say(instance_with("log", [](std::string_view) { throw 7; }), "one");
  REQUIRE_FALSE(odd);
  CHECK(odd.error().code == ErrorCode::kTrap);

  // Also where WIT has an error of its own, which is the module's to handle.
  const auto instance =
      instance_with("berth:every/echo@1.0.0.results", [](const std::expected<uint32_t, std::string>& given) {
        if (given == 3U) throw std::runtime_error("three");
        return given;
      });
  using R = std::expected<uint32_t, std::string>;
  CHECK(echo<R>(*instance, "results", std::unexpected("no")) == R(std::unexpected("no")));
  const auto three = instance->function<R(R)>("results").value()(3U);
  REQUIRE_FALSE(three);
  CHECK(three.error().code == ErrorCode::kTrap);

  const auto fine =
      instance_with("add", [](int32_t a, int32_t b) -> berth::Result<int32_t> { return a * b + 1; });
  CHECK(fine->function<uint32_t(uint32_t)>("adds").value()(3) == 3);
}

TEST_CASE("what a module can't be given is a trap, and no lie to it") {
  const auto no_text = instance_with("greet", [](std::string_view) { return std::string("\xff\xfe"); });
  const auto not_utf8 = no_text->function<uint32_t(uint32_t)>("greets").value()(1);
  REQUIRE_FALSE(not_utf8);
  CHECK(
      not_utf8.error().message.starts_with("'relay.wasm': the call trapped: a text for a guest isn't UTF-8"));
  const auto no_case =
      instance_with("berth:every/echo@1.0.0.colours", [](Colour) { return static_cast<Colour>(9); });
  CHECK(no_case->function<Colour(Colour)>("colours").value()(Colour::kRed).error().code == ErrorCode::kTrap);
  const auto no_char =
      instance_with("berth:every/echo@1.0.0.chars", [](char32_t) { return static_cast<char32_t>(0xd800); });
  CHECK(no_char->function<char32_t(char32_t)>("chars").value()(U'a').error().code == ErrorCode::kTrap);
}

TEST_CASE("a function may call other instances, but not its own") {
  const auto other = relay()->instantiate({.imports = everything()}).value();
  std::weak_ptr<berth::Instance> own;
  std::optional<berth::Error> refused;
  std::string answer;
  const auto instance = instance_with("log", [&](std::string_view line) {
    answer = echo<std::string>(*other, "texts", std::string(line));
    const auto again = own.lock()->function<void(std::string_view)>("say");
    if (!again) refused = again.error();
  });
  own = instance;
  const auto speak = instance->function<void(std::string_view)>("say").value();
  CHECK(speak("to the other"));
  CHECK(answer == "to the other");
  REQUIRE(refused);
  CHECK(refused->code == ErrorCode::kUnavailable);

  std::optional<berth::Result<void>> within;
  const std::function<void()>* recurse = nullptr;
  const auto calling = instance_with("log", [&](std::string_view) { (*recurse)(); });
  const auto bound = calling->function<void(std::string_view)>("say").value();
  const std::function<void()> again = [&] { within = bound("inside"); };
  recurse = &again;
  CHECK(bound("outside"));
  REQUIRE(within);
  CHECK(within->error().code == ErrorCode::kUnavailable);
}

/// As deep as instances are made: each calls the next one.
TEST_CASE("calls through many instances and back") {
  std::vector<std::shared_ptr<berth::Instance>> chain{
      relay()->instantiate({.imports = everything()}).value()};
  for (int i = 0; i < 20; ++i) {
    const auto next = chain.back()->function<std::string(std::string)>("texts").value();
    chain.push_back(instance_with("berth:every/echo@1.0.0.texts",
                                  [next](const std::string& text) { return next(text + "."); }));
  }
  CHECK(echo<std::string>(*chain.back(), "texts", "on") == "on" + std::string(20, '.'));
}

TEST_CASE("a limit that was met in a function ends the call when it returns, and so does a cancellation") {
  const auto sleepy =
      instance_with("log", [](std::string_view) { std::this_thread::sleep_for(600ms); }, {.wall = 300ms});
  const auto late = say(sleepy, "zzz");
  REQUIRE_FALSE(late);
  CHECK(late.error().message == "'relay.wasm': the call met the limit deadline: raise limits.wall");

  const auto busy = instance_with("log",
                                  [](std::string_view) {
                                    const auto end = std::chrono::steady_clock::now() + 1s;
                                    while (std::chrono::steady_clock::now() < end) {
                                    }
                                  },
                                  {.cpu_time = 100ms});
  const auto used = say(busy, "");
  REQUIRE_FALSE(used);
  CHECK(used.error().message == "'relay.wasm': the call met the limit cpu-time: raise limits.cpu_time");
  CHECK(busy->cpu_used() >= 100ms);

  std::weak_ptr<berth::Instance> own;
  const auto cancelled = instance_with("log", [&](std::string_view) {
    own.lock()->cancel();
    std::this_thread::sleep_for(30ms);
  });
  own = cancelled;
  const auto ended = say(cancelled, "");
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code == ErrorCode::kCancelled);
}

TEST_CASE("a function that sleeps uses no time of the CPU") {
  const auto instance =
      instance_with("log", [](std::string_view) { std::this_thread::sleep_for(200ms); }, {.cpu_time = 100ms});
  CHECK(say(instance, "zzz"));
  CHECK(instance->cpu_used() < 100ms);
}

TEST_CASE("one set of functions serves instances on many threads") {
  std::atomic<int> calls = 0;
  berth::Imports imports = everything();
  imports.function("log", [&](std::string_view line) { calls += static_cast<int>(line.size()); });
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&imports] {
        for (int i = 0; i < 10; ++i) {
          const auto instance = relay()->instantiate({.imports = imports}).value();
          for (int j = 0; j < 50; ++j) CHECK(say(instance, "four"));
          CHECK(echo<std::string>(*instance, "texts", "a text") == "a text");
        }
      });
    }
  }
  CHECK(calls == 4 * 4 * 10 * 50);
}

TEST_CASE("functions go with the last copy and the last instance that has them") {
  const auto kept = std::make_shared<int>(1);
  auto imports = std::make_optional(everything());
  imports->function("log", [kept](std::string_view) {});
  CHECK(kept.use_count() == 2);
  auto copy = std::make_optional(*imports);
  auto instance = relay()->instantiate({.imports = *copy}).value();
  imports.reset();
  copy.reset();
  CHECK(kept.use_count() == 2);
  CHECK(say(instance, "still there"));
  instance.reset();
  CHECK(kept.use_count() == 1);
}

TEST_CASE("what is given to a copy is unknown to the others") {
  const berth::Imports whole = everything();
  berth::Imports more = whole;
  more.function("add", [](int32_t, int32_t) { return 7; });
  const auto adds = [](const berth::Imports& imports) {
    return relay()
        ->instantiate({.imports = imports})
        .value()
        ->function<uint32_t(uint32_t)>("adds")
        .value()(1);
  };
  CHECK(adds(whole) == 1);
  CHECK(adds(more) == 7);
}

}  // namespace
