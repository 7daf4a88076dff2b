// SPDX-License-Identifier: Apache-2.0
#include "host/fair_share.h"

#include <algorithm>
#include <vector>

namespace berth::host {
namespace {

/// a * b / c, which fits where b <= c.
uint64_t scaled(uint64_t a, uint64_t b, uint64_t c) {
  return c == 0 ? 0 : static_cast<uint64_t>(static_cast<unsigned __int128>(a) * b / c);
}

}  // namespace

uint64_t fair_share(uint64_t total, std::span<const Want> wants, size_t own) {
  std::vector<Want> open(wants.begin(), wants.end());
  for (Want& want : open) want.weight = std::max<uint64_t>(want.weight, 1);
  std::vector<bool> served(open.size());
  // Who wants no more than falls to it by weight gets that, and what is left is divided anew.
  while (true) {
    uint64_t weights = 0;
    for (size_t i = 0; i < open.size(); ++i) weights += served[i] ? 0 : open[i].weight;
    uint64_t left = total;
    bool any = false;
    for (size_t i = 0; i < open.size(); ++i) {
      if (served[i] || open[i].most > scaled(total, open[i].weight, weights)) continue;
      if (i == own) return open[i].most;
      served[i] = any = true;
      left -= open[i].most;
    }
    if (!any) return scaled(total, open[own].weight, weights);
    total = left;
  }
}

uint64_t yielded(uint64_t parts, const Stall& stall) {
  const uint64_t others_cpu_ns = stall.cpu_ns - std::min(stall.cpu_ns, stall.own_cpu_ns);
  const bool waits = others_cpu_ns >= stall.window_ns / 5 || stall.memory_ns >= stall.window_ns / 10 ||
                     stall.io_ns >= stall.window_ns / 10;
  const uint64_t next = waits ? parts * 7 / 10 : parts + kWhole / 20;
  return std::clamp(next, kLeast, kWhole);
}

}  // namespace berth::host
