// SPDX-License-Identifier: Apache-2.0
#include "base/os/process_usage.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace berth;
using namespace std::chrono_literals;

TEST_CASE("a process's memory and CPU time are read again and again") {
  const auto usage = ProcessUsage::of_self();
  REQUIRE(usage);
  CHECK(*usage->resident_bytes() > 100'000);
  const auto before = *usage->cpu_time();
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (*usage->cpu_time() < before + 30ms && std::chrono::steady_clock::now() < until) {
  }
  CHECK(*usage->cpu_time() >= before + 30ms);
}

TEST_CASE("a process that has ended has no figures") {
  CHECK_FALSE(ProcessUsage::of(INT32_MAX));
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  const auto usage = ProcessUsage::of(child);
  REQUIRE(usage);
  CHECK(usage->resident_bytes());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK_FALSE(usage->resident_bytes());
  CHECK_FALSE(usage->cpu_time());
}
