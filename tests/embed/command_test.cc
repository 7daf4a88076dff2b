// SPDX-License-Identifier: Apache-2.0
// Commands in a program: run, and what they end with (tests/guests/rust/run-result and hello-p3, and a few
// lines of text).

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <thread>

#include "berth/berth.h"

namespace {

using namespace std::chrono_literals;
using berth::ErrorCode;

struct Program {
  std::shared_ptr<berth::Instance> instance(const std::string& variable,
                                            std::vector<std::string> arguments = {}) {
    const char* const path = std::getenv(variable.c_str());
    REQUIRE_MESSAGE(path != nullptr, variable << " names the module");
    return host->load(path).value()->instantiate({.arguments = std::move(arguments)}).value();
  }
  /// Of a program of preview 1 that does this.
  std::shared_ptr<berth::Instance> doing(const std::string& code, const berth::InstanceLimits& limits = {}) {
    const std::string text = R"((module
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (func (export "_start") )" +
                             code + "))";
    return load(text)->instantiate({.limits = limits}).value();
  }
  std::shared_ptr<berth::Module> load(const std::string& text) {
    return host->load(std::as_bytes(std::span(text)), "text").value();
  }

  std::shared_ptr<berth::Host> host = berth::Host::create({.callers = 2}).value();
};

}  // namespace

TEST_CASE("what a command's run gives is its exit status, and it may run again") {
  Program program;
  CHECK(program.instance("BERTH_RUN_RESULT_GUEST")->run() == 0);
  const auto failing = program.instance("BERTH_RUN_RESULT_GUEST", {"err"});
  CHECK(failing->run() == 1);
  CHECK(failing->run() == 1);
}

TEST_CASE("a command of WASI 0.3 is one as well") {
  Program program;
  CHECK(program.instance("BERTH_HELLO_P3_GUEST")->run() == 0);
}

TEST_CASE("what a command ends itself with is its exit status, and then it is over") {
  Program program;
  CHECK(program.doing("")->run() == 0);
  CHECK(program.doing("(call $exit (i32.const 1))")->run() == 1);
  const auto instance = program.doing("(call $exit (i32.const 0))");
  CHECK(instance->run() == 0);
  const auto again = instance->run();
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().code == ErrorCode::kTrap);
}

TEST_CASE("a command that traps or doesn't end is an error") {
  Program program;
  const auto trapped = program.doing("unreachable")->run();
  REQUIRE_FALSE(trapped.has_value());
  CHECK(trapped.error().code == ErrorCode::kTrap);
  const auto ended = program.doing("(loop (br 0))", {.cpu_time = 50ms})->run();
  REQUIRE_FALSE(ended.has_value());
  CHECK(ended.error().code == ErrorCode::kLimit);
}

TEST_CASE("commands run side by side, and one that goes on is cancelled") {
  Program program;
  const auto endless = program.doing("(loop (br 0))")->start_run();
  CHECK(program.doing("(call $exit (i32.const 0))")->start_run().wait() == 0);
  CHECK_FALSE(endless.done());
  endless.cancel();
  REQUIRE_FALSE(endless.wait().has_value());
  CHECK(endless.wait().error().code == ErrorCode::kCancelled);
}

TEST_CASE("what is no command is said") {
  Program program;
  const auto ran = program.load("(component)")->instantiate().value()->run();
  REQUIRE_FALSE(ran.has_value());
  CHECK(ran.error().code == ErrorCode::kNotFound);
  CHECK(ran.error().message.contains("'text' is no command"));
}
