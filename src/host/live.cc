// SPDX-License-Identifier: Apache-2.0
#include "host/live.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace berth::host {
namespace {

uint64_t since(uint64_t before, uint64_t now) {
  return now - std::min(before, now);
}

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

bool is_same(const Resident& one, const Resident& other) {
  return std::tie(one.process, one.module, one.since_unix_seconds) ==
         std::tie(other.process, other.module, other.since_unix_seconds);
}

ProcessLook process_of(const Look& look, const Resident& resident) {
  const auto found = look.processes.find(resident.process);
  return found == look.processes.end() ? ProcessLook{} : found->second;
}

bool is_alone(const Look& look, const Resident& resident) {
  return std::ranges::count(look.residents, resident.process, &Resident::process) == 1;
}

/// In seconds.
double cpu_used(const Look& before, const Look& now, const Resident& resident, const Counted& past) {
  if (!is_alone(now, resident)) return static_cast<double>(since(past.cpu_ns, resident.counted.cpu_ns)) / 1e9;
  const auto from = process_of(before, resident).cpu_time;
  const auto to = process_of(now, resident).cpu_time;
  return from && to ? std::max(0.0, seconds(*to - *from)) : 0;
}

uint64_t memory_bytes(const Look& now, const Resident& resident) {
  if (!is_alone(now, resident)) return resident.counted.memory_bytes;
  return process_of(now, resident).resident_bytes.value_or(0);
}

LiveModule live_module(const Look& before, const Look& now, const Resident& resident) {
  const auto earlier =
      std::ranges::find_if(before.residents, [&](const Resident& other) { return is_same(resident, other); });
  // One that came meanwhile had done nothing before.
  const Counted past = earlier == before.residents.end() ? Counted{} : earlier->counted;
  const Counted& counted = resident.counted;
  LiveModule module{.module = resident.module,
                    .process = resident.process,
                    .requests = requests_of(counted),
                    .instances = counted.instances,
                    .waiting = counted.waiting,
                    .memory_bytes = memory_bytes(now, resident),
                    .denials = counted.denials,
                    .limits_hit = std::reduce(counted.limited.begin(), counted.limited.end())};
  std::array<uint64_t, kDurationClasses> durations{};
  for (size_t i = 0; i < durations.size(); ++i) durations[i] = since(past.durations[i], counted.durations[i]);
  module.p50 = quantile(durations, 0.5);
  module.p99 = quantile(durations, 0.99);
  const double window = seconds(now.time - before.time);
  if (window <= 0) return module;
  module.requests_per_second = static_cast<double>(since(requests_of(past), requests_of(counted))) / window;
  module.cpu_percent = 100 * cpu_used(before, now, resident, past) / window;
  return module;
}

}  // namespace

std::vector<LiveModule> live(const Look& before, const Look& now) {
  std::vector<LiveModule> modules;
  for (const Resident& resident : now.residents) modules.push_back(live_module(before, now, resident));
  std::ranges::sort(modules, [](const LiveModule& one, const LiveModule& other) {
    return std::tie(other.cpu_percent, one.module, one.process) <
           std::tie(one.cpu_percent, other.module, other.process);
  });
  return modules;
}

}  // namespace berth::host
