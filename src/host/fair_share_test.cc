// SPDX-License-Identifier: Apache-2.0
#include "host/fair_share.h"

#include <doctest/doctest.h>

#include <random>
#include <vector>

namespace berth::host {
namespace {

using Wants = std::vector<Want>;
constexpr uint64_t kCore = 10'000;

std::vector<uint64_t> shares(uint64_t total, const Wants& wants) {
  std::vector<uint64_t> all;
  for (size_t i = 0; i < wants.size(); ++i) all.push_back(fair_share(total, wants, i));
  return all;
}

TEST_CASE("who is alone gets all, up to what it can use") {
  CHECK(shares(2 * kCore, {{100, kCore}}) == std::vector<uint64_t>{kCore});
  CHECK(shares(3000, {{1, kCore}}) == std::vector<uint64_t>{3000});
}

TEST_CASE("weights divide what is short") {
  CHECK(shares(kCore, {{300, kCore}, {100, kCore}}) == std::vector<uint64_t>{7500, 2500});
  CHECK(shares(kCore, {{100, kCore}, {100, kCore}, {200, kCore}}) == std::vector<uint64_t>{2500, 2500, 5000});
  CHECK(shares(kCore, {{0, kCore}, {1, kCore}}) == std::vector<uint64_t>{5000, 5000});
}

TEST_CASE("what one has no use for goes to the others") {
  CHECK(shares(kCore, {{100, 1000}, {100, kCore}, {200, kCore}}) == std::vector<uint64_t>{1000, 3000, 6000});
  // The second is content with what the first leaves it, and not before.
  CHECK(shares(kCore, {{100, 1000}, {100, 2900}, {200, kCore}}) == std::vector<uint64_t>{1000, 2900, 6100});
}

TEST_CASE("nobody gets more than it can use, all together no more than there is, and nothing is left over") {
  std::mt19937_64 random(20261121);
  for (int round = 0; round < 2'000; ++round) {
    Wants wants(1 + random() % 20);
    for (Want& want : wants) want = {.weight = random() % 10'001, .most = 1 + random() % (3 * kCore)};
    const uint64_t total = 1 + random() % (8 * kCore);
    uint64_t given = 0;
    uint64_t wanted = 0;
    for (size_t i = 0; i < wants.size(); ++i) {
      const uint64_t share = fair_share(total, wants, i);
      CHECK(share <= wants[i].most);
      given += share;
      wanted += wants[i].most;
    }
    CHECK(given <= total);
    CHECK(given + wants.size() >= std::min(total, wanted));
  }
}

TEST_CASE("who waits for us is given way to, by steps, and what waits by itself isn't counted") {
  constexpr uint64_t kSecond = 1'000'000'000;
  const auto after = [](Stall stall) {
    stall.window_ns = kSecond;
    return yielded(kWhole / 2, stall);
  };
  CHECK(after({}) == kWhole / 2 + kWhole / 20);
  CHECK(after({.cpu_ns = kSecond / 10}) > kWhole / 2);
  CHECK(after({.cpu_ns = kSecond / 2}) == kWhole * 35 / 100);
  CHECK(after({.cpu_ns = kSecond / 2, .own_cpu_ns = kSecond * 4 / 10}) > kWhole / 2);
  CHECK(after({.own_cpu_ns = kSecond}) > kWhole / 2);
  CHECK(after({.memory_ns = kSecond / 8}) < kWhole / 2);
  CHECK(after({.io_ns = kSecond / 8}) < kWhole / 2);
}

TEST_CASE("there is always something left, and never more than the whole") {
  const Stall bad{.window_ns = 100, .cpu_ns = 100};
  const Stall good{.window_ns = 100};
  uint64_t parts = kWhole;
  for (int i = 0; i < 50; ++i) parts = yielded(parts, bad);
  CHECK(parts == kLeast);
  for (int i = 0; i < 50; ++i) parts = yielded(parts, good);
  CHECK(parts == kWhole);
}

}  // namespace
}  // namespace berth::host
