// SPDX-License-Identifier: Apache-2.0
#include "host/day_record.h"

#include <doctest/doctest.h>

namespace berth::host {
namespace {

constexpr int64_t kHour = 3600;
constexpr int64_t kDay = 24 * kHour;
constexpr int64_t kNoon = 20'000 * kDay + 12 * kHour;

/// A machine with its two clocks, and a record that something was sent on.
struct Machine {
  DayClock clock{.unix_seconds = kNoon, .boot = 1, .boot_seconds = 1000};
  DayRecord record = first_day(clock);
  int new_days = 0;

  Machine() {
    record.sent = 7;
  }
  void pass(int64_t seconds) {
    clock.unix_seconds += seconds;
    clock.boot_seconds += seconds;
    look();
  }
  void set_clock(int64_t seconds) {
    clock.unix_seconds += seconds;
    look();
  }
  void restart(int64_t off_seconds) {
    clock = {.unix_seconds = clock.unix_seconds + off_seconds, .boot = clock.boot + 1, .boot_seconds = 10};
    look();
  }
  void look() {
    record = day_at(record, clock);
    if (record.sent == 0) ++new_days;
    record.sent = 7;
  }
};

}  // namespace

TEST_CASE("a new day begins at midnight, and only then") {
  Machine machine;
  machine.pass(12 * kHour - 1);
  CHECK(machine.new_days == 0);
  machine.pass(1);
  CHECK(machine.new_days == 1);
  machine.pass(kDay - 1);
  CHECK(machine.new_days == 1);
  machine.pass(1);
  CHECK(machine.new_days == 2);
}

TEST_CASE("a day that is first looked at late ends at midnight all the same") {
  Machine machine;
  machine.pass(kDay + 11 * kHour);
  CHECK(machine.new_days == 1);
  machine.pass(kHour);
  CHECK(machine.new_days == 2);
}

TEST_CASE("a clock that is set back gives no new day, nor when it comes by the same midnight again") {
  Machine machine;
  machine.pass(13 * kHour);
  CHECK(machine.new_days == 1);
  machine.set_clock(-2 * kHour);
  machine.pass(2 * kHour);
  CHECK(machine.new_days == 1);
  machine.set_clock(-400 * kDay);
  CHECK(machine.new_days == 1);
}

TEST_CASE("a clock that is set forwards gives one new day in 24 hours that pass, however often") {
  Machine machine;
  for (int i = 0; i < 50; ++i) machine.set_clock(kDay);
  CHECK(machine.new_days == 1);
  for (int i = 0; i < 23; ++i) {
    machine.pass(kHour);
    machine.set_clock(5 * kDay);
  }
  CHECK(machine.new_days == 1);
  machine.pass(kHour);
  CHECK(machine.new_days == 2);
}

TEST_CASE("a clock that is set forwards after midnight gives no second day") {
  Machine machine;
  machine.pass(13 * kHour);
  machine.set_clock(kDay);
  CHECK(machine.new_days == 1);
}

TEST_CASE("no way to set the clock gives more than a day more than have passed") {
  Machine machine;
  uint64_t random = 1;
  int64_t passed = 0;
  for (int i = 0; i < 5000; ++i) {
    random = random * 6364136223846793005 + 1442695040888963407;
    const auto seconds = static_cast<int64_t>((random >> 33) % (3 * kDay));
    if ((random >> 60) % 2 == 0) {
      machine.set_clock(seconds - kDay);
    } else {
      machine.pass(seconds / 20);
      passed += seconds / 20;
    }
    REQUIRE(machine.new_days <= passed / kDay + 2);
  }
}

TEST_CASE("when the machine was off only the wall's clock tells, and yesterday is today") {
  Machine machine;
  machine.restart(kHour);
  CHECK(machine.new_days == 0);
  machine.restart(kDay);
  CHECK(machine.new_days == 1);
  machine.restart(-10 * kDay);
  CHECK(machine.new_days == 1);
}

TEST_CASE("a day says when it ends") {
  Machine machine;
  CHECK(day_ends_at(machine.record, machine.clock) == kNoon + 12 * kHour);
  machine.set_clock(kDay);
  // Set forwards by a day: the next one comes when a day has passed.
  CHECK(day_ends_at(machine.record, machine.clock) == kNoon + 2 * kDay);
}

TEST_CASE("a record is read back, and one with a bit or a byte wrong is none") {
  Machine machine;
  machine.pass(13 * kHour);
  auto bytes = day_bytes(machine.record);
  CHECK(day_from(bytes) == machine.record);
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes.at(i) = static_cast<char>(bytes.at(i) ^ 1);
    CHECK_FALSE(day_from(bytes).has_value());
    bytes.at(i) = static_cast<char>(bytes.at(i) ^ 1);
    CHECK_FALSE(day_from(std::span(bytes).first(i)).has_value());
  }
}

}  // namespace berth::host
