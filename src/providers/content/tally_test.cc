// SPDX-License-Identifier: Apache-2.0
#include "providers/content/tally.h"

#include <doctest/doctest.h>

#include <string>

namespace berth::content {
namespace {

TEST_CASE("what comes from one gateway is added up, and its figures are averages") {
  Tally tally;
  tally.add({.from = "https://a.example", .requests = 1, .dropped = {}});
  tally.add({.from = "https://a.example",
             .answers = 1,
             .blocks = 2,
             .bytes = 3000,
             .first_byte_seconds = 0.1,
             .seconds = 1,
             .dropped = {}});
  tally.add({.from = "https://a.example",
             .requests = 1,
             .answers = 1,
             .blocks = 1,
             .bytes = 1000,
             .first_byte_seconds = 0.3,
             .seconds = 1,
             .dropped = {}});
  tally.add_stored(7);
  const Brought brought = tally.read();
  REQUIRE(brought.came.size() == 1);
  const Came& came = brought.came.front();
  CHECK(came.requests == 2);
  CHECK(came.blocks == 3);
  CHECK(first_byte_seconds(came) == doctest::Approx(0.2));
  CHECK(bytes_per_second(came) == doctest::Approx(2000));
  CHECK(brought.store_blocks == 1);
  CHECK(brought.store_bytes == 7);
}

TEST_CASE("a gateway that gave nothing has no figures") {
  CHECK(first_byte_seconds(Came{.from = "a", .requests = 1, .dropped = {}}) == 0);
  CHECK(bytes_per_second(Came{.from = "a", .requests = 1, .dropped = {}}) == 0);
}

TEST_CASE("a lie is what is told of a gateway, whatever it did before") {
  Tally tally;
  tally.add({.from = "a", .dropped = "too slow"});
  tally.add({.from = "a", .dropped = "cut off"});
  CHECK(tally.read().came.front().dropped == "too slow");
  tally.add({.from = "a", .lies = 1, .dropped = "wrong bytes"});
  CHECK(tally.read().came.front().dropped == "wrong bytes");
}

TEST_CASE("gateways without end have so many names in a tally, and the rest is one") {
  Tally tally;
  for (size_t i = 0; i < 3 * Tally::kMostNames; ++i)
    tally.add({.from = std::to_string(i), .bytes = 1, .dropped = {}});
  const Brought brought = tally.read();
  REQUIRE(brought.came.size() == Tally::kMostNames + 1);
  CHECK(brought.came.back().from == Tally::kOthers);
  CHECK(brought.came.back().bytes == 2 * Tally::kMostNames);
}

}  // namespace
}  // namespace berth::content
