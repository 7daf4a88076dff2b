// SPDX-License-Identifier: Apache-2.0
#include "host/group_limits.h"

#include <doctest/doctest.h>

#include "base/os/code_memory.h"

namespace berth::host {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kGiB = 1 << 30;

using Settings = std::initializer_list<std::pair<std::string_view, std::string_view>>;

policy::Limits limits_of(Settings settings) {
  policy::Limits limits;
  for (const auto& [name, value] : settings) REQUIRE(policy::set_limit(limits, name, value).has_value());
  return limits;
}

/// Modules by their limits, on eight processors.
GroupLimits held(std::initializer_list<Settings> modules, GroupUse use = {}) {
  std::vector<policy::Policy> policies;
  for (const Settings& settings : modules) policies.push_back({.limits = limits_of(settings)});
  for (const policy::Policy& policy : policies) use.modules.push_back(&policy);
  use.processors = 8;
  return group_limits(use);
}

TEST_CASE("the kernel's wall stands behind a module's own share of the CPU, with room for berth's threads") {
  CHECK(held({{{"cpu.share", "20%"}}}).cpu_basis_points == 2000 + 500 + 5000);
  CHECK(held({{{"cpu.share", "100%"}}}).cpu_basis_points == 17'500);
}

TEST_CASE("without a share, or with one as large as the machine, there is no bound") {
  CHECK(held({{}}).cpu_basis_points == std::nullopt);
  CHECK(held({{{"cpu.share", "700%"}}}).cpu_basis_points == std::nullopt);
}

TEST_CASE("the owner's total bounds a module without a share, and all of a process together") {
  const GroupUse owned{.total = limits_of({{"cpu.share", "50%"}})};
  CHECK(held({{}}, owned).cpu_basis_points == 5000 + 1250 + 5000);
  CHECK(held({{{"cpu.share", "20%"}}}, owned).cpu_basis_points == 2000 + 500 + 5000);
  CHECK(held({{{"cpu.share", "40%"}}, {{"cpu.share", "40%"}}}, owned).cpu_basis_points == 5000 + 1250 + 5000);
}

TEST_CASE("modules that are served together have the sum, and their server half the machine") {
  GroupUse served{.use = Use::kServed, .processors = 8};
  CHECK(held({{{"cpu.share", "20%"}}, {{"cpu.share", "40%"}}}, served).cpu_basis_points ==
        6000 + 1500 + 40'000);
  CHECK(held({{{"cpu.share", "20%"}}, {}}, served).cpu_basis_points == std::nullopt);
}

TEST_CASE("memory is what the process has, what its modules may take, and what the host takes for them") {
  const uint64_t alone = *held({{{"memory", "64MiB"}}}, {.memory_bytes_now = 30 * kMiB}).memory_bytes;
  CHECK(alone == (30 + 64 + 64 / 8 + 2 * 2 + 64) * kMiB);
  CHECK(*held({{}}).memory_bytes > kGiB + kGiB / 8);
  CHECK(*held({{{"memory", "1TiB"}}}).memory_bytes > uint64_t{1} << 40);
}

TEST_CASE("modules that are served together have the sum of their memory, with stacks, a pool and clients") {
  const GroupUse served{.use = Use::kServed, .connections = 1024};
  const uint64_t none = *held({}, served).memory_bytes;
  CHECK(none >= (64 + 2 * 100 * 2 + 64) * kMiB);
  const uint64_t one = *held({{{"memory", "64MiB"}, {"instances", "10"}}}, served).memory_bytes - none;
  CHECK(one == (64 + 8 + 10 * 2) * kMiB);
  const uint64_t two =
      *held({{{"memory", "64MiB"}, {"instances", "10"}}, {{"memory", "8MiB"}, {"instances", "1"}}}, served)
           .memory_bytes -
      none;
  CHECK(two == one + (8 + 1 + 2) * kMiB);
}

TEST_CASE("no sum wraps around") {
  const GroupLimits limits =
      held({{{"memory", "16000000TiB"}}, {{"memory", "16000000TiB"}}}, {.memory_bytes_now = 1});
  CHECK(limits.memory_bytes == UINT64_MAX);
}

TEST_CASE("threads are counted by processors") {
  CHECK(held({{}}).tasks == 32 + 64);
}

TEST_CASE("who compiles new versions beside a server has room for its compiler, and for the code") {
  const policy::Policy small{.limits = limits_of({{"compile.memory", "256MiB"}})};
  const policy::Policy large{.limits = limits_of({{"compile.memory", "1GiB"}})};
  const GroupLimits limits =
      companion_limits({.modules = {&small, &large}, .use = Use::kServed, .companions_bytes_now = kMiB});
  CHECK(*limits.memory_bytes == CodeMemory::kBytes + 2 * kGiB + 65 * kMiB);
  CHECK(limits.cpu_basis_points == std::nullopt);
  CHECK(limits.tasks.has_value());
}

}  // namespace
}  // namespace berth::host
