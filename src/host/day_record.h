// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a module has sent and received today, as it is kept in a file, and when a new day begins.
//
// A day is one of UTC. The clock on the wall may be set: backwards it gives no new day, and forwards no more
// than one in 24 hours that have really passed, as far as the machine's own clock can tell, which begins anew
// when the machine starts. Pure; any thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace berth::host {

/// What the machine's clocks say.
struct DayClock {
  int64_t unix_seconds = 0;
  uint64_t boot = 0;         // which start of the machine this is
  int64_t boot_seconds = 0;  // since then
};

struct DayRecord {
  int64_t day = 0;  // days since 1970, in UTC
  uint64_t sent = 0;
  uint64_t received = 0;
  // When both clocks were read together, and what has happened since this start of the machine; -1: nothing.
  uint64_t boot = 0;
  int64_t wall_seconds = 0;
  int64_t boot_seconds = 0;
  int64_t new_day_seconds = -1;  // when the last day began, by the machine's own clock
  int64_t jump_seconds = -1;     // when one began because the wall's clock had been set forwards

  bool operator==(const DayRecord&) const = default;
};

inline constexpr size_t kDayRecordBytes = 80;

/// The first record.
DayRecord first_day(const DayClock& now);

/// The record as of now: the same, or a new day's, with nothing sent or received.
DayRecord day_at(DayRecord record, const DayClock& now);

/// When the day of a record of now ends, as the wall's clock will say it.
int64_t day_ends_at(const DayRecord& record, const DayClock& now);

std::array<char, kDayRecordBytes> day_bytes(const DayRecord& record);

/// Nothing for what isn't a whole record: one that was torn.
std::optional<DayRecord> day_from(std::span<const char> bytes);

}  // namespace berth::host
