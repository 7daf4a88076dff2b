// SPDX-License-Identifier: Apache-2.0
#include "host/place.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>

#include "base/testing.h"

namespace berth::host {
namespace {

namespace fs = std::filesystem;

policy::Effective effective(uint64_t memory_bytes, std::optional<uint64_t> total = std::nullopt) {
  policy::Effective effective{.owner_source = "host.toml"};
  effective.policy.limits.memory_bytes = memory_bytes;
  effective.host.total.memory_bytes = total;
  return effective;
}

TEST_CASE("places are taken up to the total, and free again when they go") {
  const TestFolder state;
  auto first = Place::take(state.path(), "a.wasm", effective(60, 100));
  REQUIRE(first.has_value());
  auto refused = Place::take(state.path(), "b.wasm", effective(41, 100));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::kUnavailable);
  CHECK(refused.error().message.contains("[total] in host.toml"));
  CHECK(Place::take(state.path(), "b.wasm", effective(41)).has_value());
  auto second = Place::take(state.path(), "b.wasm", effective(40, 100));
  REQUIRE(second.has_value());
  const auto both = residents(state.path());
  REQUIRE(both.has_value());
  REQUIRE(both->size() == 2);
  CHECK(both->front().module == "a.wasm");
  CHECK(both->front().set_aside.memory_bytes == 60);
  first->reset();
  CHECK(residents(state.path())->size() == 1);
  CHECK(Place::take(state.path(), "c.wasm", effective(60, 100)).has_value());
}

TEST_CASE("a module has its share of the CPU from the start, and its name is cut rather than too long") {
  const TestFolder state;
  auto wanted = effective(1);
  wanted.host.total.cpu_share_basis_points = 3'000;
  wanted.policy.limits.cpu_weight = 7;
  auto place = Place::take(state.path(), std::string(500, 'x'), wanted);
  REQUIRE(place.has_value());
  engine::Share share(10'000);
  (*place)->give_turns(share);
  CHECK(share.basis_points() == 3'000);
  const auto all = residents(state.path());
  REQUIRE(all->size() == 1);
  CHECK(all->front().module == std::string(95, 'x'));
  CHECK(all->front().cpu_weight == 7);
}

TEST_CASE("a state folder that can't be used is said") {
  CHECK_FALSE(Place::take("/proc/none/here", "a", effective(1)).has_value());
}

}  // namespace
}  // namespace berth::host
