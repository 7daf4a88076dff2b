// SPDX-License-Identifier: Apache-2.0
#include "host/place.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/os/file.h"
#include "host/fair_share.h"
#include "host/volumes.h"

namespace berth::host {
namespace {

using Number = std::atomic<uint64_t>;
static_assert(Number::is_always_lock_free, "processes share it");

constexpr uint64_t kUsualWeight = 100;
constexpr uint64_t kCore = 10'000;
constexpr uint64_t kNoBound = UINT64_MAX;
constexpr size_t kSlots = 1024;
constexpr std::chrono::milliseconds kPatience{2'000};

/// How long after it last used the CPU a module still counts as one that wants it.
constexpr uint64_t kWantsNs = 100'000'000;
/// How often the machine is looked at, and a look before that is too old to compare with.
constexpr uint64_t kLookNs = 250'000'000;
constexpr uint64_t kOldNs = 2'000'000'000;

/// On the clock that all processes share, which is also the engine's.
uint64_t monotonic_ns() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

uint64_t whole_machine() {
  return kCore * std::max(1U, std::thread::hardware_concurrency());
}

std::optional<uint64_t> bound(const Number& number) {
  const uint64_t value = number.load();
  return value == kNoBound ? std::nullopt : std::optional(value);
}

/// What lies in volumes that are in no run's hands, nor granted to this one for writing: those count as what
/// they may become.
Needs at_rest(const std::string& state_folder, const policy::Effective& effective) {
  const policy::Limits& total = effective.host.total;
  Needs needs;
  if (!total.storage_bytes && !total.storage_files) return needs;
  needs.storage_bytes = needs.storage_files = 0;
  const auto volumes = Volumes(state_folder).list();
  if (!volumes) return needs;
  for (const Volume& volume : *volumes) {
    const bool wanted = std::ranges::any_of(effective.policy.grants, [&](const policy::Grant& grant) {
      const auto* files = std::get_if<policy::FilesGrant>(&grant.extent);
      return files != nullptr && files->volume == volume.name && files->access == policy::Access::kReadWrite;
    });
    if (volume.in_use || wanted || !volume.size) continue;
    *needs.storage_bytes += volume.size->bytes;
    *needs.storage_files += volume.size->files;
  }
  return needs;
}

}  // namespace

/// What all processes write. Zeros at first.
struct Place::Heading {
  Number used_to;  // no slot from here on was ever taken
  Number looked_at_ns;
  Number parts_given_up;                        // of kWhole
  Number cpu_ns, own_cpu_ns, memory_ns, io_ns;  // as they were then
};

/// A module's own slot. What another process left there is cleared by who takes it.
struct Place::Entry {
  Number taken;
  Number process;
  Number since_unix_seconds;
  Number memory_bytes, storage_bytes, storage_files, connections;  // set aside; kNoBound
  Number cpu_most, cpu_weight;
  Number cpu_now;         // basis points that it may use just now
  Number wants_until_ns;  // of the CPU
  Number waited_ns;       // for the CPU, all its threads
  std::array<char, 96> module;
  Counters counters;  // of a module that answers requests

  void clear() {
    std::memset(static_cast<void*>(this), 0, sizeof *this);
  }
};

Place::Heading& Place::heading(const SharedSlots& slots) {
  return *reinterpret_cast<Heading*>(slots.heading());
}

Place::Entry& Place::entry(const SharedSlots& slots, size_t index) {
  return *reinterpret_cast<Entry*>(slots.slot(index));
}

Result<SharedSlots> Place::open_table(const std::string& state_folder) {
  constexpr SlotsShape kShape{.layout = 3, .heading_bytes = 128, .slot_bytes = 1024, .slots = kSlots};
  static_assert(sizeof(Heading) <= kShape.heading_bytes && sizeof(Entry) <= kShape.slot_bytes);
  BERTH_TRY_VOID(make_private_folder(state_folder));
  return SharedSlots::open(state_folder + "/running", kShape, kPatience);
}

Place::Place(SharedSlots slots, const policy::Effective& effective)
    : slots_(std::move(slots)),
      cpu_total_(effective.host.total.cpu_share_basis_points.value_or(whole_machine())),
      cpu_most_(effective.policy.limits.cpu_share_basis_points.value_or(whole_machine())),
      yields_(effective.host.priority.value_or(policy::Priority{}).yields_to_pressure) {}

Place::~Place() {
  if (!own_) return;
  entry(slots_, *own_).taken = 0;
  slots_.release(*own_);
}

Result<std::unique_ptr<Place>> Place::take(const std::string& state_folder, const std::string& module,
                                           const policy::Effective& effective) {
  std::unique_ptr<Place> place(new Place(BERTH_TRY(open_table(state_folder)), effective));
  BERTH_TRY_VOID(place->settle(state_folder, module, effective));
  return place;
}

Result<void> Place::settle(const std::string& state_folder, const std::string& module,
                           const policy::Effective& effective) {
  const Needs needs = needs_of(effective.policy);
  const auto alone = BERTH_TRY(slots_.lock(kPatience));
  // Who runs is looked at first: a module that ends meanwhile is counted twice rather than not at all.
  const auto residents = listed(slots_);
  const auto missing = shortages(needs, effective.host.total, residents, at_rest(state_folder, effective));
  if (!missing.empty()) {
    return fail(ErrorCode::kUnavailable, fmt::format("there is no room for {} ([total] in {}): {}", module,
                                                     effective.owner_source, fmt::join(missing, "; ")));
  }
  size_t index = 0;
  while (index < kSlots && !slots_.hold(index)) ++index;
  if (index == kSlots) {
    return fail(ErrorCode::kUnavailable, fmt::format("{} modules run already, which is as many as there can "
                                                     "be: wait until one of them has ended",
                                                     kSlots));
  }
  own_ = index;
  Entry& own = entry(slots_, index);
  own.clear();
  const auto unix_time = std::chrono::system_clock::now().time_since_epoch();
  own.process = static_cast<uint64_t>(::getpid());
  own.since_unix_seconds =
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(unix_time).count());
  own.memory_bytes = needs.memory_bytes.value_or(kNoBound);
  own.storage_bytes = needs.storage_bytes.value_or(kNoBound);
  own.storage_files = needs.storage_files.value_or(kNoBound);
  own.connections = needs.connections.value_or(kNoBound);
  own.cpu_most = cpu_most_;
  own.cpu_weight = effective.policy.limits.cpu_weight.value_or(kUsualWeight);
  own.cpu_now = std::min(cpu_total_, cpu_most_);
  module.copy(own.module.data(), own.module.size() - 1);
  own.taken = 1;
  Number& used_to = heading(slots_).used_to;
  used_to = std::max<uint64_t>(used_to, index + 1);
  return {};
}

std::vector<Resident> Place::listed(const SharedSlots& slots) {
  std::vector<Resident> residents;
  const size_t end = std::min<size_t>(heading(slots).used_to, kSlots);
  for (size_t i = 0; i < end; ++i) {
    Entry& other = entry(slots, i);
    if (other.taken == 0 || !slots.held_elsewhere(i)) continue;
    const auto length = static_cast<size_t>(std::ranges::find(other.module, '\0') - other.module.begin());
    residents.push_back({.process = static_cast<int64_t>(other.process.load()),
                         .module = std::string(other.module.data(), length),
                         .since_unix_seconds = static_cast<int64_t>(other.since_unix_seconds.load()),
                         .set_aside = {.memory_bytes = bound(other.memory_bytes),
                                       .storage_bytes = bound(other.storage_bytes),
                                       .storage_files = bound(other.storage_files),
                                       .connections = bound(other.connections)},
                         .cpu_basis_points = other.cpu_now,
                         .cpu_weight = other.cpu_weight,
                         .counted = read(other.counters)});
  }
  return residents;
}

Counters& Place::counters() const {
  return entry(slots_, *own_).counters;
}

void Place::give_turns(engine::Share& share) {
  share_ = &share;
  if (yields_) pressure_ = Pressure::open();
  if (pressure_) own_waits_ = OwnWaits::of_threads();
  share.set(std::min(cpu_total_, cpu_most_));
  share.on_drawn([this] { turn(); });
}

std::vector<std::string> Place::reads() {
  return {"/proc/pressure", "/proc/self/task"};
}

void Place::turn() noexcept {
  const uint64_t now_ns = monotonic_ns();
  Entry& own = entry(slots_, *own_);
  own.wants_until_ns = std::max(now_ns, share_->given_until_ns()) + kWantsNs;
  if (pressure_) {
    own.waited_ns = own_waits_->cpu_ns();
    look_around(now_ns);
  }
  std::array<Want, kSlots> wants;
  size_t count = 0;
  size_t at = 0;
  const size_t end = std::min<size_t>(heading(slots_).used_to, kSlots);
  for (size_t i = 0; i < end; ++i) {
    const Entry& other = entry(slots_, i);
    if (i == *own_) at = count;
    if (i != *own_ && (other.taken == 0 || other.wants_until_ns < now_ns)) continue;
    wants[count++] = {.weight = other.cpu_weight, .most = other.cpu_most};
  }
  // Who gives way to nobody isn't slowed by what others gave up, perhaps long ago.
  const uint64_t given_up = pressure_ ? heading(slots_).parts_given_up.load() : 0;
  const uint64_t parts = kWhole - std::min(given_up, kWhole - kLeast);
  const uint64_t total = std::max<uint64_t>(cpu_total_ * parts / kWhole, 1);
  const uint64_t share = std::max<uint64_t>(fair_share(total, std::span(wants).first(count), at), 1);
  own.cpu_now = share;
  share_->set(share);
}

/// One of all the processes does it each time.
void Place::look_around(uint64_t now_ns) noexcept {
  Heading& table = heading(slots_);
  uint64_t before_ns = table.looked_at_ns;
  if (now_ns < before_ns + kLookNs || !table.looked_at_ns.compare_exchange_strong(before_ns, now_ns)) return;
  const auto waits = pressure_->read();
  if (!waits) return;
  uint64_t own_ns = 0;
  const size_t end = std::min<size_t>(table.used_to, kSlots);
  for (size_t i = 0; i < end; ++i) {
    if (entry(slots_, i).taken != 0) own_ns += entry(slots_, i).waited_ns;
  }
  const auto since = [](Number& before, uint64_t now) {
    const uint64_t then = before.exchange(now);
    return now - std::min(now, then);
  };
  const Stall stall{.window_ns = now_ns - before_ns,
                    .cpu_ns = since(table.cpu_ns, waits->cpu_ns),
                    .own_cpu_ns = since(table.own_cpu_ns, own_ns),
                    .memory_ns = since(table.memory_ns, waits->memory_ns),
                    .io_ns = since(table.io_ns, waits->io_ns)};
  if (stall.window_ns > kOldNs) {
    table.parts_given_up = 0;
    return;
  }
  table.parts_given_up = kWhole - yielded(kWhole - table.parts_given_up, stall);
}

Result<std::vector<Resident>> residents(const std::string& state_folder) {
  const SharedSlots slots = BERTH_TRY(Place::open_table(state_folder));
  const auto alone = BERTH_TRY(slots.lock(kPatience));
  return Place::listed(slots);
}

}  // namespace berth::host
