// SPDX-License-Identifier: Apache-2.0
// Functions of modules: found by what a person writes, refused where that is wrong, and called.

#include <doctest/doctest.h>

#include <future>

#include "engine/engine.h"

namespace berth::engine {
namespace {

using namespace std::chrono_literals;

class Keeper final : public DoorKeeper {
 public:
  bool ask(const Knock&) noexcept override {
    return false;
  }
};

/// A module in WebAssembly text, whose functions are called by text.
class Library {
 public:
  explicit Library(std::string_view text)
      : engine_(Engine::create(1).value()), module_(engine_->compile({}, text).value()) {}

  std::vector<std::string> functions() const {
    return module_->functions().value();
  }

  /// What a call gives, or "CODE: message" of why it is none.
  std::string operator()(const std::string& call, Notation notation = Notation::kWave) const {
    const auto function = module_->function(call, notation);
    if (!function) {
      return std::to_string(static_cast<int>(function.error().code)) + ": " + function.error().message;
    }
    Budget budget(64 << 20);
    Keeper keeper;
    Guest guest;
    guest.function = function->get();
    guest.handles = 128;
    guest.host_buffer_bytes = 1 << 20;
    guest.wall = 30s;  // no test waits longer
    guest.budget = &budget;
    guest.keeper = &keeper;
    std::promise<Outcome> ended;
    const auto started =
        engine_->start(*module_, guest, [&](Outcome outcome) { ended.set_value(std::move(outcome)); });
    const Outcome outcome = ended.get_future().get();
    CHECK(budget.used_bytes() == 0);
    return outcome.ending == Outcome::Ending::kReturned ? outcome.result : outcome.reason;
  }

  bool finds(const std::string& call) const {
    return module_->function(call, Notation::kWave).has_value();
  }

 private:
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Module> module_;
};

/// Two versions of one interface, another of the same functions, and a function of the world.
constexpr std::string_view kVersions = R"((component
  (core module $code
    (func (export "one") (result i32) (i32.const 1))
    (func (export "two") (result i32) (i32.const 2))
    (func (export "three") (result i32) (i32.const 3)))
  (core instance $code (instantiate $code))
  (func $one (result u32) (canon lift (core func $code "one")))
  (func $two (result u32) (canon lift (core func $code "two")))
  (func $three (result u32) (canon lift (core func $code "three")))
  (instance $ops1 (export "get" (func $one)) (export "only" (func $one)))
  (instance $ops2 (export "get" (func $two)))
  (instance $other (export "get" (func $three)) (export "last-one" (func $three)))
  (export "docs:calc/ops@0.1.0" (instance $ops1))
  (export "docs:calc/ops@0.2.0" (instance $ops2))
  (export "docs:calc/other" (instance $other))
  (export "own" (func $two))))";

std::string numbers(std::string_view functions) {
  return "(module " + std::string(functions) + ")";
}

}  // namespace

TEST_CASE("a function is found by any name that fits no other") {
  const Library library(kVersions);
  struct Case {
    const char* call;
    const char* gives;
  };
  const Case cases[] = {
      {"docs:calc/ops@0.1.0.get()", "1"},
      {"docs:calc/ops@0.2.0.get()", "2"},
      {"docs:calc/ops@0.2.0#get()", "2"},
      {"docs:calc/ops@0.2.0/get()", "2"},
      {"docs:calc/ops.get@0.2.0()", "2"},
      {"ops@0.1.0.get()", "1"},
      {"docs:calc/other.get()", "3"},
      {"other.get()", "3"},
      {"docs:calc/ops.only()", "1"},
      {"only()", "1"},
      {"only", "1"},
      {" only ( ) ", "1"},
      {"own()", "2"},
      {"last-one()", "3"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.call);
    CHECK(library(one.call) == one.gives);
  }
}

TEST_CASE("a name of several functions is refused, and so is one of none") {
  const Library library(kVersions);
  CHECK(library("ops.get()").find("'ops.get' names several functions, 'docs:calc/ops@0.1.0.get'") !=
        std::string::npos);
  CHECK(library("get()").find("names several functions") != std::string::npos);
  for (const char* call : {"", "()", "(", "own.own()", "docs:calc/own()", "docs:calc/ops@0.3.0.get()",
                           "ops()", "docs:calc/ops@0.1.0()", "\x01()", "own\n()()"}) {
    CAPTURE(call);
    CHECK_FALSE(library.finds(call));
  }
}

TEST_CASE("a core module's names become words, and none calls another's function") {
  const Library library(numbers(R"(
    (func (export "fib_iter") (result i32) (i32.const 1))
    (func (export "twoWords") (result i32) (i32.const 2))
    (func (export "two_words") (result i32) (i32.const 3))
    (func (export "plain-one") (result i32) (i32.const 4))
    (func (export "plain_one") (result i32) (i32.const 5))
    (func (export "2d") (result i32) (i32.const 6))
    (func (export "__wasm_call_ctors") (result i32) (i32.const 7))
    (func (export "!") (result i32) (i32.const 8))
    (func (export "") (result i32) (i32.const 9))
    (func (export "gr\c3\b6\c3\9fe") (result i32) (i32.const 10))
    (func (export "add_2") (result i32) (i32.const 11))
    (func (export "HTTPServer") (result i32) (i32.const 12))
    (func (export "result") (result i32) (i32.const 13)))"));
  const std::pair<const char*, const char*> cases[] = {
      {"fib_iter()", "1"},  {"fib-iter()", "1"},  {"fibIter()", "1"},
      {"twoWords()", "2"},  {"two_words()", "3"}, {"plain-one()", "4"},
      {"plain_one()", "5"}, {"2d()", "6"},        {"__wasm_call_ctors()", "7"},
      {"!()", "8"},         {"größe()", "10"},    {"gr-e()", "10"},
      {"add_2()", "11"},    {"add2()", "11"},     {"HTTPServer", "12"},
      {"result()", "13"},
  };
  for (const auto& [call, gives] : cases) {
    CAPTURE(call);
    CHECK(library(call) == gives);
  }
  CHECK_FALSE(library.finds("two-words()"));
  CHECK(library.functions().size() == 13);
}

TEST_CASE("numbers cross unharmed") {
  const Library library(numbers(R"(
    (func (export "i") (param i32) (result i32) (local.get 0))
    (func (export "l") (param i64) (result i64) (local.get 0))
    (func (export "f") (param f32) (result f32) (local.get 0))
    (func (export "d") (param f64) (result f64) (local.get 0)))"));
  CHECK(library("i(-2147483648)") == "-2147483648");
  CHECK(library("l(9223372036854775807)") == "9223372036854775807");
  CHECK(library("f(-inf)") == "-inf");
  CHECK(library("d(nan)") == "nan");
  CHECK(library("d(1e-320)", Notation::kJson) == library("d(1e-320)"));
  CHECK(library("d(inf)", Notation::kJson) == "\"inf\"");
  CHECK(library("i(2147483648)").find("a whole number from -2147483648 to 2147483647") != std::string::npos);
}

TEST_CASE("a function of many parameters gets each in its place") {
  const Library library(numbers(R"(
    (func (export "mix") (param i32 i64 f32 f64) (result f64)
      (f64.add (f64.add (f64.convert_i32_s (local.get 0)) (f64.convert_i64_s (local.get 1)))
               (f64.add (f64.promote_f32 (local.get 2)) (local.get 3)))))"));
  CHECK(library("mix(1, 20, 300.5, 4000.25)") == "4321.75");
  CHECK(library.functions().front() == "mix: func(p0: s32, p1: s64, p2: f32, p3: f64) -> f64");
}

TEST_CASE("a trap in a function, or while its module starts, is told as such") {
  CHECK(Library(numbers("(func (export \"f\") unreachable)"))("f()").find("unreachable") !=
        std::string::npos);
  CHECK(Library(numbers("(func (export \"f\")) (func (export \"_initialize\") unreachable)"))("f()").find(
            "unreachable") != std::string::npos);
}

}  // namespace berth::engine
