// SPDX-License-Identifier: Apache-2.0
#include "host/counters.h"

#include <algorithm>
#include <numeric>

namespace berth::host {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

/// Calls `each` with every number of `a` and the same one of `b`.
template <class A, class B, class Each>
void together(A& a, B& b, Each each) {
  const auto all = [&](auto& these, auto& those) {
    for (size_t i = 0; i < these.size(); ++i) each(these[i], those[i]);
  };
  all(a.requests, b.requests);
  all(a.durations, b.durations);
  all(a.limited, b.limited);
  each(a.duration_ns, b.duration_ns);
  each(a.received_bytes, b.received_bytes);
  each(a.sent_bytes, b.sent_bytes);
  each(a.cpu_ns, b.cpu_ns);
  each(a.trapped, b.trapped);
  each(a.turned_away, b.turned_away);
  each(a.denials, b.denials);
  each(a.instances, b.instances);
  each(a.waiting, b.waiting);
  each(a.memory_bytes, b.memory_bytes);
}

uint64_t whole(std::chrono::nanoseconds time) {
  return time.count() > 0 ? static_cast<uint64_t>(time.count()) : 0;
}

}  // namespace

void count(Counters& counters, const EndedRequest& request) noexcept {
  const size_t status_class = std::clamp<size_t>(request.status / 100U, 1, kStatusClasses) - 1;
  const auto* const bound = std::ranges::lower_bound(kDurationBounds, request.duration);
  counters.requests[status_class].fetch_add(1, kRelaxed);
  counters.durations[static_cast<size_t>(bound - kDurationBounds.begin())].fetch_add(1, kRelaxed);
  counters.duration_ns.fetch_add(whole(request.duration), kRelaxed);
  counters.received_bytes.fetch_add(request.received_bytes, kRelaxed);
  counters.sent_bytes.fetch_add(request.sent_bytes, kRelaxed);
  if (request.turned_away) counters.turned_away.fetch_add(1, kRelaxed);
}

void count(Counters& counters, const engine::Outcome& outcome, uint64_t denials) noexcept {
  using Ending = engine::Outcome::Ending;
  counters.cpu_ns.fetch_add(whole(outcome.cpu_used), kRelaxed);
  counters.denials.fetch_add(denials, kRelaxed);
  if (outcome.ending == Ending::kTrapped) counters.trapped.fetch_add(1, kRelaxed);
  if (outcome.ending == Ending::kLimited) {
    const auto kind = static_cast<size_t>(outcome.limit) - 1;
    counters.limited[std::min(kind, kLimitKinds - 1)].fetch_add(1, kRelaxed);
  }
}

Counted read(const Counters& counters) noexcept {
  Counted counted{};
  together(counted, counters, [](uint64_t& to, const auto& from) { to = from.load(kRelaxed); });
  return counted;
}

void add(Counted& sum, const Counted& more) noexcept {
  together(sum, more, [](uint64_t& to, uint64_t from) { to += from; });
}

uint64_t requests_of(const Counted& counted) {
  return std::reduce(counted.requests.begin(), counted.requests.end());
}

std::optional<std::chrono::nanoseconds> quantile(std::span<const uint64_t, kDurationClasses> durations,
                                                 double part) {
  const uint64_t all = std::reduce(durations.begin(), durations.end());
  if (all == 0) return std::nullopt;
  const double wanted = part * static_cast<double>(all);
  double before = 0;
  std::chrono::nanoseconds from{0};
  for (size_t i = 0; i < kDurationBounds.size(); ++i) {
    const auto here = static_cast<double>(durations[i]);
    if (here > 0 && before + here >= wanted) {
      const double into = (wanted - before) / here;
      const auto width = static_cast<double>((kDurationBounds[i] - from).count());
      return from + std::chrono::nanoseconds(static_cast<int64_t>(width * into));
    }
    before += here;
    from = kDurationBounds[i];
  }
  return from;
}

}  // namespace berth::host
