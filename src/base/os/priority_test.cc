// SPDX-License-Identifier: Apache-2.0
#include "base/os/priority.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>
#include <vector>

#ifdef __linux__
#include <sys/syscall.h>

#include "base/testing.h"
#endif

namespace berth {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a process gives way as far as it is told, and is never made more important") {
  const int before = ::getpriority(PRIO_PROCESS, 0);
  CHECK(in_child([] {
          lower_priority(19, false);
          lower_priority(3, false);
          return ::getpriority(PRIO_PROCESS, 0);
        }) == 19);
  CHECK(::getpriority(PRIO_PROCESS, 0) == before);
}

#ifdef __linux__
TEST_CASE("disks serve it last") {
  const auto io_class = [](bool idle) {
    return in_child([&] {
      lower_priority(0, idle);
      return static_cast<int>(::syscall(SYS_ioprio_get, 1, 0) >> 13);
    });
  };
  CHECK(io_class(true) == 3);
  CHECK(io_class(false) != 3);
}

TEST_CASE("threads that wait for a processor are seen by the system and by the process") {
  // As many threads as can't all run.
  std::atomic<bool> stop = false;
  std::vector<std::jthread> busy;
  for (unsigned i = 0; i < 3 * std::max(1U, std::thread::hardware_concurrency()); ++i) {
    busy.emplace_back([&] {
      while (!stop) {
      }
    });
  }
  const OwnWaits own = OwnWaits::of_threads();
  const auto pressure = Pressure::open();
  const auto begin = pressure ? pressure->read() : std::nullopt;
  const uint64_t own_begin = own.cpu_ns();
  std::this_thread::sleep_for(300ms);
  const uint64_t own_waited = own.cpu_ns() - own_begin;
  const auto end = pressure ? pressure->read() : std::nullopt;
  stop = true;
  CHECK(own_waited > 100'000'000);
  if (std::filesystem::exists("/proc/pressure/cpu")) {
    REQUIRE(begin.has_value());
    REQUIRE(end.has_value());
    CHECK(end->cpu_ns - begin->cpu_ns > 100'000'000);
  }
}
#endif

}  // namespace
}  // namespace berth
