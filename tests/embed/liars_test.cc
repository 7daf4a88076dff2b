// SPDX-License-Identifier: Apache-2.0
// Modules that lie to a program's functions: about where a value lies, how long it is, what is in it. Each
// lie is a trap, and the function doesn't run.

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <stdexcept>
#include <thread>

#include "berth/berth.h"

namespace {

using namespace std::chrono_literals;
using berth::ErrorCode;

std::shared_ptr<berth::Module> load(const std::string& text) {
  static const auto host = berth::Host::create().value();
  auto module = host->load(std::as_bytes(std::span(text)), "liar.wat");
  REQUIRE_MESSAGE(module, module.error().message);
  return *module;
}

/// A component that calls its import `take: func(v: TYPE) -> RESULT` with the core values `given`, and gives
/// back nothing. Its memory, of 64 KiB, has 0xff 0xfe at 64 and zeros elsewhere; `realloc` is the body of its
/// allocator.
std::string liar(std::string_view type, std::string_view core, std::string_view given,
                 std::string_view result = "", std::string_view realloc = "i32.const 1024") {
  return fmt::format(R"((component
    (import "take" (func $take (param "v" {type}) {result}))
    (core module $lent
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) {realloc}))
    (core instance $lent (instantiate $lent))
    (core func $lowered (canon lower (func $take) (memory $lent "memory") (realloc (func $lent "realloc"))))
    (core module $main
      (import "host" "memory" (memory 1))
      (import "host" "take" (func $take (param {core})))
      (data (i32.const 64) "\ff\fe")
      (data (i32.const 128) "\40\00\00\00\ff\ff\ff\7f")
      (func (export "go") (call $take {given})))
    (core instance $main (instantiate $main (with "host" (instance
      (export "memory" (memory $lent "memory"))
      (export "take" (func $lowered))))))
    (func (export "go") (canon lift (core func $main "go")))))",
                     fmt::arg("type", type), fmt::arg("core", core), fmt::arg("given", given),
                     fmt::arg("result", result), fmt::arg("realloc", realloc));
}

struct Told {
  berth::Result<void> ended;
  int calls = 0;
};

/// Runs it with a function that takes a T and answers with `answer`.
template <class T, class R = void>
Told tell(const std::string& text, R (*answer)() = nullptr) {
  Told told;
  berth::Imports imports;
  imports.function("take", [&](T) -> R {
    ++told.calls;
    if constexpr (!std::is_void_v<R>) return answer();
  });
  const auto instance = load(text)->instantiate({.imports = imports});
  REQUIRE_MESSAGE(instance, instance.error().message);
  told.ended = (*instance)->function<void()>("go").value()();
  return told;
}

template <class T>
void is_caught(std::string_view type, std::string_view core, std::string_view given) {
  const Told told = tell<T>(liar(type, core, given));
  CHECK_MESSAGE(told.calls == 0, given);
  REQUIRE_MESSAGE(!told.ended, given);
  const bool ended =
      told.ended.error().code == ErrorCode::kTrap || told.ended.error().code == ErrorCode::kLimit;
  CHECK_MESSAGE(ended, told.ended.error().message);
}

TEST_CASE("the truth is told") {
  CHECK(tell<std::string_view>(liar("string", "i32 i32", "(i32.const 1) (i32.const 2)")).calls == 1);
  const Told told =
      tell<std::vector<uint8_t>>(liar("(list u8)", "i32 i32", "(i32.const 0) (i32.const 65536)"));
  CHECK(told.ended);
  CHECK(told.calls == 1);
}

TEST_CASE("text that isn't where it is said to be, or isn't text") {
  for (const char* const given : {"(i32.const 65535) (i32.const 2)", "(i32.const -1) (i32.const 1)",
                                  "(i32.const 1) (i32.const -1)", "(i32.const 65536) (i32.const 1)",
                                  "(i32.const 64) (i32.const 2)", "(i32.const -2147483648) (i32.const -1)"}) {
    is_caught<std::string_view>("string", "i32 i32", given);
    is_caught<std::string>("string", "i32 i32", given);
  }
}

TEST_CASE("lists that end beyond the memory, or lie between its places") {
  is_caught<std::span<const uint8_t>>("(list u8)", "i32 i32", "(i32.const 1) (i32.const 65536)");
  is_caught<std::span<const uint64_t>>("(list u64)", "i32 i32", "(i32.const 4) (i32.const 1)");
  is_caught<std::span<const uint64_t>>("(list u64)", "i32 i32", "(i32.const 8) (i32.const 536870911)");
  is_caught<std::span<const uint64_t>>("(list u64)", "i32 i32", "(i32.const 8) (i32.const -1)");
  is_caught<std::span<const char32_t>>("(list char)", "i32 i32", "(i32.const 128) (i32.const 2)");
  is_caught<std::vector<std::string>>("(list string)", "i32 i32", "(i32.const 128) (i32.const 1)");
  is_caught<std::vector<std::string>>("(list string)", "i32 i32", "(i32.const 130) (i32.const 1)");
  is_caught<std::vector<std::vector<uint8_t>>>("(list (list u8))", "i32 i32",
                                               "(i32.const 0) (i32.const 8193)");
}

TEST_CASE("cases and characters that there aren't") {
  is_caught<char32_t>("char", "i32", "(i32.const 0xd800)");
  is_caught<char32_t>("char", "i32", "(i32.const 0x110000)");
  is_caught<std::optional<uint8_t>>("(option u8)", "i32 i32", "(i32.const 2) (i32.const 0)");
  is_caught<std::expected<void, uint8_t>>("(result (error u8))", "i32 i32", "(i32.const -1) (i32.const 0)");
}

TEST_CASE("parameters in memory that end beyond it") {
  std::string tuple = "(tuple";
  for (int i = 0; i < 17; ++i) tuple += " u32";
  tuple += ")";
  using Tuple = decltype(std::tuple_cat(std::array<uint32_t, 17>()));
  CHECK(tell<Tuple>(liar(tuple, "i32", "(i32.const 0)")).calls == 1);
  is_caught<Tuple>(tuple, "i32", "(i32.const 65504)");
  is_caught<Tuple>(tuple, "i32", "(i32.const 2)");
  is_caught<Tuple>(tuple, "i32", "(i32.const -4)");
}

TEST_CASE("more than one call may hand over is a limit") {
  const auto text = liar("(list (list u8))", "i32 i32", "(i32.const 0) (i32.const 8192)");
  berth::Imports imports;
  int calls = 0;
  imports.function("take", [&](std::vector<std::vector<uint8_t>>) { ++calls; });
  const auto ended = load(text)
                         ->instantiate({.limits = {.memory_bytes = 1 << 20}, .imports = imports})
                         .value()
                         ->function<void()>("go")
                         .value()();
  CHECK((ended || ended.error().code == ErrorCode::kLimit));
  CHECK(calls == (ended ? 1 : 0));
}

std::string answer() {
  return "an answer";
}

TEST_CASE("an answer has no place where the module says") {
  const auto answered = [](std::string_view at, std::string_view realloc) {
    return tell<uint32_t, std::string>(
        liar("u32", "i32 i32", fmt::format("(i32.const 1) (i32.const {})", at), "(result string)", realloc),
        answer);
  };
  CHECK(answered("16", "i32.const 1024").ended);
  // Where the words of the result go, and where its text goes.
  for (const char* const at : {"65532", "18", "-8"}) {
    const Told told = answered(at, "i32.const 1024");
    REQUIRE_MESSAGE(!told.ended, at);
    CHECK(told.ended.error().code == ErrorCode::kTrap);
  }
  for (const char* const realloc : {"i32.const 65530", "i32.const -1", "unreachable"}) {
    const Told told = answered("16", realloc);
    CHECK(told.calls == 1);
    REQUIRE_MESSAGE(!told.ended, realloc);
    CHECK(told.ended.error().code == ErrorCode::kTrap);
  }
}

/// A component that imports `tick` and calls it while it starts, and one that waits on a fiber as it imports
/// WASI's `poll`.
constexpr const char* kStarts = R"((component
  (import "tick" (func $tick))
  (core func $tick (canon lower (func $tick)))
  (core module $m (import "" "tick" (func $tick)) (start $tick))
  (core instance (instantiate $m (with "" (instance (export "tick" (func $tick))))))))";

TEST_CASE("a module calls a function while it starts, under its limits") {
  int ticks = 0;
  berth::Imports imports;
  imports.function("tick", [&] { ++ticks; });
  CHECK(load(kStarts)->instantiate({.imports = imports}));
  CHECK(ticks == 1);
  imports.function("tick", [] { throw std::runtime_error("no"); });
  const auto thrown = load(kStarts)->instantiate({.imports = imports});
  REQUIRE_FALSE(thrown);
  CHECK(thrown.error().code == ErrorCode::kTrap);
  imports.function("tick", [] { std::this_thread::sleep_for(50ms); });
  const auto late = load(kStarts)->instantiate({.limits = {.wall = 10ms}, .imports = imports});
  REQUIRE_FALSE(late);
  CHECK(late.error().code == ErrorCode::kLimit);
}

constexpr const char* kWaits = R"((component
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
  (import "double" (func $double (param "v" u32) (result u32)))
  (core module $lent
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024))
  (core instance $lent (instantiate $lent))
  (core func $poll (canon lower (func $poll "poll") (memory $lent "memory") (realloc (func $lent "realloc"))))
  (core func $double (canon lower (func $double)))
  (core module $m
    (import "" "poll" (func (param i32 i32 i32)))
    (import "" "double" (func $double (param i32) (result i32)))
    (func (export "go") (param i32) (result i32) (call $double (local.get 0))))
  (core instance $m (instantiate $m (with "" (instance
    (export "poll" (func $poll)) (export "double" (func $double))))))
  (func (export "go") (param "v" u32) (result u32) (canon lift (core func $m "go")))))";

TEST_CASE("a module that may wait is called on a fiber, and calls a program's functions from there") {
  berth::Imports imports;
  imports.function("double", [](uint32_t v) -> berth::Result<uint32_t> {
    if (v == 0) throw std::runtime_error("nothing to double");
    if (v == 1) return berth::fail(ErrorCode::kNotFound, "one");
    return 2 * v;
  });
  const auto call = [&](uint32_t v) {
    return load(kWaits)
        ->instantiate({.imports = imports})
        .value()
        ->function<uint32_t(uint32_t)>("go")
        .value()(v);
  };
  CHECK(call(21) == 42U);
  CHECK(call(0).error().code == ErrorCode::kTrap);
  CHECK(call(1).error().code == ErrorCode::kTrap);
}

TEST_CASE("what isn't WASI's and has its name is no program's to give") {
  berth::Imports imports;
  imports.function("wasi:io/else@0.2.0.f", [] {});
  const auto unknown = load("(component (import \"wasi:io/else@0.2.0\" (instance (export \"f\" (func)))))")
                           ->instantiate({.imports = imports});
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == ErrorCode::kInvalidModule);
}

}  // namespace
