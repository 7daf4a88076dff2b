// SPDX-License-Identifier: Apache-2.0
#include "host/live.h"

#include <doctest/doctest.h>

using namespace berth::host;
using namespace std::chrono_literals;

namespace {

Resident server(int64_t process, std::string module, uint64_t requests) {
  Resident resident{.process = process, .module = std::move(module), .since_unix_seconds = 1};
  resident.counted.requests[1] = requests;
  resident.counted.durations[1] = requests;
  resident.counted.memory_bytes = 5000;
  return resident;
}

Look look(std::chrono::seconds at, std::vector<Resident> residents,
          std::map<int64_t, ProcessLook> processes = {}) {
  return {.time = std::chrono::steady_clock::time_point(at),
          .residents = std::move(residents),
          .processes = std::move(processes)};
}

}  // namespace

TEST_CASE("what a module does is what was counted between two looks") {
  const auto modules = live(look(10s, {server(1, "web", 100)}, {{1, {.cpu_time = 1s}}}),
                            look(12s, {server(1, "web", 300)}, {{1, {.cpu_time = 2s, .resident_bytes = 9}}}));
  REQUIRE(modules.size() == 1);
  CHECK(modules[0].requests == 300);
  CHECK(modules[0].requests_per_second == 100);
  CHECK(modules[0].cpu_percent == 50);
  CHECK(modules[0].memory_bytes == 9);
  CHECK(*modules[0].p50 == 175us);
}

TEST_CASE("a module that answers no requests is seen by its process") {
  const Resident resident{.process = 7, .module = "tool"};
  const auto modules = live(look(1s, {resident}, {{7, {.cpu_time = 0s}}}),
                            look(2s, {resident}, {{7, {.cpu_time = 250ms, .resident_bytes = 4096}}}));
  CHECK(modules[0].memory_bytes == 4096);
  CHECK(modules[0].cpu_percent == 25);
  CHECK_FALSE(modules[0].p50);
}

TEST_CASE("modules of one process are told apart by what their guests used") {
  Resident busy = server(1, "busy", 0);
  const Look before = look(1s, {server(1, "idle", 0), busy}, {{1, {.cpu_time = 0s}}});
  busy.counted.cpu_ns = 900'000'000;
  const auto modules = live(before, look(2s, {server(1, "idle", 0), busy}, {{1, {.cpu_time = 1s}}}));
  CHECK(modules[0].module == "busy");
  CHECK(modules[0].cpu_percent == 90);
  CHECK(modules[0].memory_bytes == 5000);
  CHECK(modules[1].cpu_percent == 0);
}

TEST_CASE("a module that came meanwhile began with nothing, and another of its name isn't it") {
  Resident fresh = server(1, "web", 10);
  fresh.since_unix_seconds = 2;
  const auto modules = live(look(1s, {server(1, "web", 1000)}), look(2s, {fresh}));
  CHECK(modules[0].requests_per_second == 10);
}
