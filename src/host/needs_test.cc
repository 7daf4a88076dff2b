// SPDX-License-Identifier: Apache-2.0
#include "host/needs.h"

#include <doctest/doctest.h>

#include "host/berthing.h"

namespace berth::host {
namespace {

policy::Policy policy_of(std::initializer_list<std::string_view> grants,
                         std::initializer_list<std::pair<std::string_view, std::string_view>> limits = {}) {
  policy::Policy policy;
  for (const auto grant : grants) policy.grants.push_back(*policy::parse_grant(grant, "test"));
  for (const auto& [name, value] : limits) REQUIRE(policy::set_limit(policy.limits, name, value).has_value());
  return policy;
}

policy::Limits total_of(std::string_view name, std::string_view value) {
  policy::Limits total;
  REQUIRE(policy::set_limit(total, name, value).has_value());
  return total;
}

constexpr uint64_t kMiB = 1 << 20;

TEST_CASE("what a module may have at most is what its limits and grants say") {
  CHECK(needs_of(policy_of({})) == Needs{kDefaultMemoryBytes, 0, 0, 0});
  CHECK(needs_of(policy_of({"files /a:/a:ro"}, {{"memory", "64MiB"}, {"storage", "1MiB"}})) ==
        Needs{64 * kMiB, 0, 0, 0});
  CHECK(needs_of(policy_of({"files /a:/a:rw"})).storage_bytes == std::nullopt);
  CHECK(needs_of(policy_of({"files /a:/a:rw:quota=4KiB", "files /b:/b:rw:quota=8KiB:files=7"})) ==
        Needs{kDefaultMemoryBytes, 12 << 10, 1001 + 7, 0});
  CHECK(needs_of(policy_of({"files /a:/a:rw:quota=4KiB", "files /b:/b:rw"})).storage_bytes == std::nullopt);
  const auto bounded =
      needs_of(policy_of({"files /a:/a:rw:quota=4KiB", "files /b:/b:rw"}, {{"storage", "1MiB"}}));
  CHECK(bounded.storage_bytes == kMiB);
  CHECK(bounded.storage_files == 1000 + 256);
  CHECK(needs_of(policy_of({"http.out https://*:443"})).connections == std::nullopt);
  CHECK(needs_of(policy_of({"http.out berth:other"})).connections == 0);
  CHECK(needs_of(policy_of({"socket.out tcp://10.0.0.1:1"}, {{"network.connections", "5"}})).connections ==
        5);
}

TEST_CASE("there is room up to the last byte") {
  const auto total = total_of("memory", "100MiB");
  const std::vector<Resident> residents{
      {.process = 7, .module = "a.wasm", .set_aside = {.memory_bytes = 60 * kMiB}}};
  CHECK(shortages({.memory_bytes = 40 * kMiB}, total, residents).empty());
  CHECK(shortages({.memory_bytes = 40 * kMiB + 1}, {}, residents).empty());
  const auto lines = shortages({.memory_bytes = 40 * kMiB + 1}, total, residents);
  REQUIRE(lines.size() == 1);
  CHECK(lines.front() ==
        "memory: it may have 40 MiB, and all modules together have 100 MiB, of which 40 MiB are left: 60 MiB "
        "for "
        "a.wasm (process 7); give it less, --limit memory=40MiB");
}

TEST_CASE("when nothing is left, or nothing else runs, the advice is another") {
  const auto total = total_of("network.connections", "10");
  const std::vector<Resident> all{{.process = 7, .module = "a", .set_aside = {.connections = 10}}};
  CHECK(shortages({.connections = 1}, total, all)
            .front()
            .ends_with("of which 0 are left: 10 for a (process 7); wait until one of them has ended"));
  CHECK(shortages({.connections = 11}, total, {})
            .front()
            .ends_with("which is all that there is; give it less, --limit network.connections=10"));
}

TEST_CASE("what has no bound can't be set aside, and what was started without one takes all") {
  const auto total = total_of("storage", "1GiB");
  CHECK(shortages({.storage_bytes = std::nullopt}, total, {}).front() ==
        "it has no limit 'storage', so nothing can be set aside for it: give it one, as in --limit "
        "storage=256MiB");
  CHECK(shortages({.storage_bytes = 1}, total, {Resident{.module = "a"}}).size() == 1);
  CHECK(shortages({.storage_bytes = 0}, total, {Resident{.module = "a"}}).empty());
}

TEST_CASE("what lies in volumes is taken, too") {
  const auto lines =
      shortages({.storage_bytes = 5 * kMiB}, total_of("storage", "8MiB"), {}, {.storage_bytes = 4 * kMiB});
  REQUIRE(lines.size() == 1);
  CHECK(lines.front().contains("of which 4 MiB are left: 4 MiB in volumes that nobody uses now"));
}

TEST_CASE("of many who have some the first three are named, and sums don't wrap") {
  std::vector<Resident> residents(6, Resident{.module = "m", .set_aside = {.memory_bytes = UINT64_MAX / 2}});
  const auto lines = shortages({.memory_bytes = 1}, total_of("memory", "1MiB"), residents);
  REQUIRE(lines.size() == 1);
  CHECK(lines.front().contains("(process 0), 3 more;"));
}

}  // namespace
}  // namespace berth::host
