// SPDX-License-Identifier: Apache-2.0
#include "host/counters.h"

#include <doctest/doctest.h>

using namespace berth;
using namespace berth::host;
using namespace std::chrono_literals;

namespace {

Counted after(std::initializer_list<EndedRequest> requests) {
  Counters counters{};
  for (const EndedRequest& request : requests) count(counters, request);
  return read(counters);
}

}  // namespace

TEST_CASE("requests are counted by status and duration, and their bytes") {
  const Counted counted = after({{.status = 200, .duration = 100us, .received_bytes = 3, .sent_bytes = 5},
                                 {.status = 204, .duration = 101us, .sent_bytes = 7},
                                 {.status = 503, .duration = 11s, .turned_away = true}});
  CHECK(counted.requests == std::array<uint64_t, 5>{0, 2, 0, 0, 1});
  CHECK(counted.durations.front() == 1);
  CHECK(counted.durations[1] == 1);
  CHECK(counted.durations.back() == 1);
  CHECK(counted.duration_ns == 11'000'201'000);
  CHECK(counted.received_bytes == 3);
  CHECK(counted.sent_bytes == 12);
  CHECK(counted.turned_away == 1);
  CHECK(requests_of(counted) == 3);
}

TEST_CASE("a status of no class is counted somewhere") {
  const Counted counted = after({{.status = 0}, {.status = 999}});
  CHECK(requests_of(counted) == 2);
}

TEST_CASE("guests are counted by how they ended") {
  Counters counters{};
  engine::Outcome outcome{.ending = engine::Outcome::Ending::kLimited, .limit = engine::Limit::kHostBuffers};
  outcome.cpu_used = 5ms;
  count(counters, outcome, 2);
  outcome.ending = engine::Outcome::Ending::kTrapped;
  count(counters, outcome, 0);
  const Counted counted = read(counters);
  CHECK(counted.limited[6] == 1);
  CHECK(counted.trapped == 1);
  CHECK(counted.denials == 2);
  CHECK(counted.cpu_ns == 10'000'000);
}

TEST_CASE("a quantile lies within the class that holds it") {
  const Counted counted = after({{.status = 200, .duration = 200us}, {.status = 200, .duration = 60ms}});
  CHECK(*quantile(counted.durations, 0.5) == 250us);
  CHECK(*quantile(counted.durations, 0.99) == 99ms);
  CHECK_FALSE(quantile(after({}).durations, 0.5));
  CHECK(*quantile(after({{.status = 200, .duration = 60s}}).durations, 0.5) == 10s);
}

TEST_CASE("what was counted of two is added up") {
  Counted sum = after({{.status = 200, .duration = 1ms}});
  add(sum, after({{.status = 404, .duration = 2ms}}));
  CHECK(requests_of(sum) == 2);
  CHECK(sum.duration_ns == 3'000'000);
}
