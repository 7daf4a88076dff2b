// SPDX-License-Identifier: Apache-2.0
#include "host/day_record.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace berth::host {
namespace {

constexpr int64_t kDaySeconds = 86'400;
/// How far the wall's clock may run ahead of the machine's before it counts as set.
constexpr int64_t kSlackSeconds = 60;
constexpr uint64_t kKind = 0x3130'7961'6462'0000;  // changes with the record's form

int64_t day_of(int64_t unix_seconds) {
  const int64_t day = unix_seconds / kDaySeconds;
  return unix_seconds % kDaySeconds < 0 ? day - 1 : day;
}

void begin(DayRecord& record, int64_t day, const DayClock& now) {
  record.day = day;
  record.sent = 0;
  record.received = 0;
  record.new_day_seconds = now.boot_seconds;
}

bool within_a_day(int64_t then, const DayClock& now) {
  return then >= 0 && now.boot_seconds - then < kDaySeconds;
}

void read_clocks(DayRecord& record, const DayClock& now) {
  record.boot = now.boot;
  record.wall_seconds = now.unix_seconds;
  record.boot_seconds = now.boot_seconds;
}

/// What the wall's clock would show if nobody had set it since.
int64_t expected(const DayRecord& record, const DayClock& now) {
  return record.wall_seconds + (now.boot_seconds - record.boot_seconds);
}

/// FNV-1a: tells a torn record from a whole one.
uint64_t checksum(std::span<const char> bytes) {
  uint64_t sum = 0xcbf2'9ce4'8422'2325;
  for (const char byte : bytes) sum = (sum ^ static_cast<unsigned char>(byte)) * 0x100'0000'01b3;
  return sum;
}

}  // namespace

DayRecord first_day(const DayClock& now) {
  DayRecord record{.day = day_of(now.unix_seconds)};
  read_clocks(record, now);
  return record;
}

DayRecord day_at(DayRecord record, const DayClock& now) {
  if (now.boot != record.boot || now.boot_seconds < record.boot_seconds) {
    // Nothing is known of the time between, but what the wall's clock says.
    read_clocks(record, now);
    record.new_day_seconds = -1;
    record.jump_seconds = -1;
    if (day_of(now.unix_seconds) > record.day) begin(record, day_of(now.unix_seconds), now);
    return record;
  }
  const int64_t unset = expected(record, now);
  if (now.unix_seconds > unset + kSlackSeconds) {
    if (day_of(now.unix_seconds) > record.day && !within_a_day(record.new_day_seconds, now)) {
      read_clocks(record, now);
      record.jump_seconds = now.boot_seconds;
      begin(record, day_of(now.unix_seconds), now);
      return record;
    }
  }
  const int64_t day = day_of(std::min(now.unix_seconds, unset + kSlackSeconds));
  if (day > record.day && !within_a_day(record.jump_seconds, now)) begin(record, day, now);
  return record;
}

int64_t day_ends_at(const DayRecord& record, const DayClock& now) {
  const int64_t midnight = (record.day + 1) * kDaySeconds;
  int64_t ends = std::max(midnight, now.unix_seconds);
  const int64_t unset = expected(record, now);
  if (now.unix_seconds > unset + kSlackSeconds)
    ends = now.unix_seconds + std::max<int64_t>(midnight - unset, 0);
  if (within_a_day(record.jump_seconds, now)) {
    ends = std::max(ends, now.unix_seconds + kDaySeconds - (now.boot_seconds - record.jump_seconds));
  }
  return ends;
}

std::array<char, kDayRecordBytes> day_bytes(const DayRecord& record) {
  const auto number = [](int64_t value) { return std::bit_cast<uint64_t>(value); };
  const std::array<uint64_t, 9> words{kKind,
                                      number(record.day),
                                      record.sent,
                                      record.received,
                                      record.boot,
                                      number(record.wall_seconds),
                                      number(record.boot_seconds),
                                      number(record.new_day_seconds),
                                      number(record.jump_seconds)};
  std::array<char, kDayRecordBytes> bytes = {};
  auto* const end =
      std::ranges::copy(std::bit_cast<std::array<char, sizeof words>>(words), bytes.begin()).out;
  const uint64_t sum = checksum(std::span(bytes).first(sizeof words));
  std::ranges::copy(std::bit_cast<std::array<char, sizeof sum>>(sum), end);
  return bytes;
}

std::optional<DayRecord> day_from(std::span<const char> bytes) {
  if (bytes.size() != kDayRecordBytes) return std::nullopt;
  std::array<char, kDayRecordBytes> whole = {};
  std::ranges::copy(bytes, whole.begin());
  const auto words = std::bit_cast<std::array<uint64_t, 10>>(whole);
  if (words[0] != kKind || words[9] != checksum(bytes.first(9 * sizeof(uint64_t)))) return std::nullopt;
  const auto number = [&](size_t index) { return std::bit_cast<int64_t>(words.at(index)); };
  return DayRecord{.day = number(1),
                   .sent = words[2],
                   .received = words[3],
                   .boot = words[4],
                   .wall_seconds = number(5),
                   .boot_seconds = number(6),
                   .new_day_seconds = number(7),
                   .jump_seconds = number(8)};
}

}  // namespace berth::host
