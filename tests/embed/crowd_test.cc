// SPDX-License-Identifier: Apache-2.0
// Ten thousand instances in one program: what they take of the machine, and what a program is told whose
// places are all taken.

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "base/os/process_usage.h"
#include "shop.h"

namespace {

#ifdef __SANITIZE_THREAD__  // its tables leave no addresses for more places
constexpr size_t kInstances = 100;
#else
constexpr size_t kInstances = 10'000;
#endif
constexpr int64_t kMostBytes = 256 << 20;
/// What a process may have unless somebody raised it: vm.max_map_count.
constexpr long kMostMappings = 65'530;

using Total = berth::Function<uint32_t(uint32_t)>;

/// Counts how often it was asked, in its memory.
constexpr std::string_view kCounts =
    "(i32.store (i32.const 4) (i32.add (i32.load (i32.const 4)) (local.get 0))) (i32.load (i32.const 4))";

int64_t resident() {
  return static_cast<int64_t>(berth::ProcessUsage::of_self()->resident_bytes().value());
}

long mappings() {
  std::ifstream maps("/proc/self/maps");
  return std::count(std::istreambuf_iterator<char>(maps), {}, '\n');
}

TEST_CASE("ten thousand instances live at once, and each answers for itself") {
  const auto host = berth::Host::create({.places = kInstances}).value();
  const std::string text = shop::rule(1, "shop:price/rule@1.2.0", kCounts);
  const auto module = host->load(shop::bytes(text), "rule").value();
  const int64_t before = resident();
  std::vector<Total> totals;
  totals.reserve(kInstances);
  for (size_t i = 0; i < kInstances; ++i) {
    const auto instance = module->instantiate();
    REQUIRE_MESSAGE(instance, instance.error().message);
    totals.push_back((*instance)->function<uint32_t(uint32_t)>("rule.total").value());
    REQUIRE(totals.back()(static_cast<uint32_t>(i)) == i);
  }
  size_t wrong = 0;
  for (size_t i = 0; i < kInstances; ++i) {
    wrong += totals[i](1) != i + 1 ? 1 : 0;
  }
  CHECK(wrong == 0);
  MESSAGE("they take ", (resident() - before) >> 20, " MiB and ", mappings(), " mappings");
#ifndef __SANITIZE_ADDRESS__
  CHECK(resident() - before < kMostBytes);
#endif
  CHECK(mappings() < kMostMappings);

#ifndef __SANITIZE_ADDRESS__  // it leaves no address space for so many places, so each has memory of its own
  const auto another = module->instantiate();
  REQUIRE_FALSE(another);
  CHECK(another.error().code == berth::ErrorCode::kLimit);
  CHECK_MESSAGE(another.error().message.contains("HostOptions::places"), another.error().message);
  totals.pop_back();
  CHECK(module->instantiate().has_value());
#endif
}

}  // namespace
