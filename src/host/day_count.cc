// SPDX-License-Identifier: Apache-2.0
#include "host/day_count.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <utility>

#include "base/os/file.h"
#include "base/os/machine.h"

namespace berth::host {
namespace {

/// Of a day whose count was damaged.
constexpr uint64_t kUnknown = std::numeric_limits<uint64_t>::max();

/// What is drawn at a time where less is needed: a kill loses no more than that, or what is under way.
uint64_t piece_of(uint64_t limit) {
  constexpr uint64_t kMost = 64 << 10;
  constexpr uint64_t kParts = 256;
  return std::clamp<uint64_t>(limit / kParts, 1, kMost);
}

/// Locked while this lives.
class Locked {
 public:
  explicit Locked(RecordFile& file) : file_(file), held_(file.lock()) {}
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;
  ~Locked() {
    if (held_) file_.unlock();
  }
  bool held() const {
    return held_;
  }

 private:
  RecordFile& file_;
  const bool held_;
};

uint64_t& part(DayRecord& record, engine::Way way) {
  return way == engine::Way::kOut ? record.sent : record.received;
}

}  // namespace

std::function<DayClock()> DayCount::machine_clock() {
  // Read now: behind the second wall it can't be.
  uint64_t boot = 0;
  std::memcpy(&boot, sha256(boot_id()).bytes.data(), sizeof boot);
  return [boot] {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return DayClock{.unix_seconds = std::chrono::floor<std::chrono::seconds>(now).count(),
                    .boot = boot,
                    .boot_seconds = std::chrono::floor<std::chrono::seconds>(since_boot()).count()};
  };
}

Result<std::unique_ptr<DayCount>> DayCount::open(const std::string& state_folder, const Digest& module,
                                                 uint64_t bytes_per_day, std::function<DayClock()> clock) {
  const std::string folder = state_folder + "/network-daily";
  BERTH_TRY_VOID(make_private_folder(state_folder));
  BERTH_TRY_VOID(make_private_folder(folder));
  RecordFile file = BERTH_TRY(RecordFile::open(folder + "/" + module.hex()));
  return std::unique_ptr<DayCount>(new DayCount(std::move(file), bytes_per_day, std::move(clock)));
}

std::optional<DayRecord> DayCount::read() noexcept {
  std::array<char, kDayRecordBytes> bytes = {};
  const auto count = file_.read(bytes);
  if (!count) return std::nullopt;
  const DayClock now = clock_();
  if (*count == 0) return first_day(now);
  if (const auto record = day_from(std::span(bytes).first(*count))) return day_at(*record, now);
  // What it said is lost: until tomorrow the most that could have been used is what was.
  DayRecord spent = first_day(now);
  spent.sent = kUnknown;
  spent.received = kUnknown;
  std::ignore = file_.write(day_bytes(spent));
  return spent;
}

uint64_t DayCount::draw(engine::Way way, uint64_t bytes) noexcept {
  const std::lock_guard guard(mutex_);
  const Locked locked(file_);
  auto record = locked.held() ? read() : std::nullopt;
  if (!record) return 0;
  uint64_t& used = part(*record, way);
  const uint64_t left = limit_ - std::min(limit_, used);
  const uint64_t drawn = std::min(left, std::max(bytes, piece_of(limit_)));
  if (drawn == 0) {
    ++refused_;
    return 0;
  }
  used += drawn;
  drawn_on_.at(static_cast<size_t>(way)) = record->day;
  return file_.write(day_bytes(*record)) ? drawn : 0;
}

void DayCount::give_back(engine::Way way, uint64_t bytes) noexcept {
  const std::lock_guard guard(mutex_);
  const Locked locked(file_);
  auto record = locked.held() ? read() : std::nullopt;
  // What was drawn yesterday isn't today's to have again.
  if (!record || bytes == 0 || record->day != drawn_on_.at(static_cast<size_t>(way))) return;
  uint64_t& used = part(*record, way);
  if (used == kUnknown) return;
  used -= std::min(used, bytes);
  std::ignore = file_.write(day_bytes(*record));
}

DayUse DayCount::use() {
  const std::lock_guard guard(mutex_);
  const Locked locked(file_);
  const DayClock now = clock_();
  const auto record = locked.held() ? read() : std::nullopt;
  DayUse use{.limit = limit_, .refused = refused_, .unreadable = !record || record->sent == kUnknown};
  use.sent = record ? std::min(record->sent, limit_) : limit_;
  use.received = record ? std::min(record->received, limit_) : limit_;
  use.resets_at = day_ends_at(record.value_or(first_day(now)), now);
  return use;
}

}  // namespace berth::host
