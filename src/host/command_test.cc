// SPDX-License-Identifier: Apache-2.0
#include "host/command.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <thread>

namespace berth::host {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kSpin =
    "(module (memory (export \"memory\") 1) (func (export \"_start\") (loop (br 0))))";
constexpr std::string_view kReturn = "(module (memory (export \"memory\") 1) (func (export \"_start\")))";

CommandReport run(std::string_view text, const policy::Limits& limits, Loop& loop) {
  const auto engine = engine::Engine::create(1).value();
  const auto module = engine->compile({}, text).value();
  return run_command(*engine, *module, {.policy = {.grants = {}, .limits = limits}, .args = {"guest"}}, loop)
      .value();
}

}  // namespace

TEST_CASE("a run reports its end and what it used") {
  const auto loop = Loop::create().value();
  const CommandReport report = run(kReturn, {}, *loop);
  CHECK(report.outcome.exit_status == 0);
  CHECK(report.memory_peak_bytes >= 65536);
  CHECK(report.memory_limit_bytes == uint64_t{1} << 30);
  CHECK_FALSE(report.signal.has_value());
}

TEST_CASE("a limit is explained with what was used and how to raise it") {
  const auto loop = Loop::create().value();
  policy::Limits limits;
  limits.cpu_time = 20ms;
  const CommandReport report = run(kSpin, limits, *loop);
  policy::Effective effective{.policy = {.limits = limits}};
  const std::string line = explain_limit(report, effective);
  CAPTURE(line);
  CHECK(line.starts_with("limit: cpu-time: used "));
  CHECK(line.find("--cpu-time 40ms") != std::string::npos);

  effective.limited_by.push_back({.limits = limits, .source = "host.toml"});
  CHECK(explain_limit(report, effective).ends_with("allows no more: 'cpu.time' in host.toml"));
}

TEST_CASE("a signal ends the run and is reported") {
  const auto loop = Loop::create().value();
  const pthread_t main = ::pthread_self();
  // Sent again until it is watched for: before that it would end the test.
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGTERM, &ignore, nullptr);
  std::atomic<bool> over = false;
  std::jthread sender([&] {
    while (!over) {
      struct sigaction now = {};
      ::sigaction(SIGTERM, nullptr, &now);
      if (now.sa_handler != SIG_IGN) {
        ::pthread_kill(main, SIGTERM);
        return;
      }
      std::this_thread::yield();
    }
  });
  policy::Limits limits;
  limits.wall = 30s;
  const CommandReport report = run(kSpin, limits, *loop);
  over = true;
  CHECK(report.outcome.ending == engine::Outcome::Ending::kCancelled);
  CHECK(report.signal == SIGTERM);
}

}  // namespace berth::host
