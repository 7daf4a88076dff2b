// SPDX-License-Identifier: Apache-2.0
#pragma once
// How modules of one machine divide its CPU, and how much of it they leave to everybody else.
//
// Pure; safe on any thread.

#include <cstdint>
#include <span>

namespace berth::host {

/// What a module wants of the CPU.
struct Want {
  uint64_t weight = 100;
  uint64_t most = 0;  // basis points of a core that it can use: its limit, or the whole machine
};

/// What the module at `own` gets of `total` basis points of a core: by weight, and what one of them has no
/// use for goes to the others, by weight again.
uint64_t fair_share(uint64_t total, std::span<const Want> wants, size_t own);

/// A look at the machine: since the look before, how long threads waited.
struct Stall {
  uint64_t window_ns = 0;
  uint64_t cpu_ns = 0;      // for a processor, all programs' threads
  uint64_t own_cpu_ns = 0;  // of that: modules'
  uint64_t memory_ns = 0;
  uint64_t io_ns = 0;
};

/// Of ten thousand parts of the total, how many the modules take while nobody waits, and at least.
inline constexpr uint64_t kWhole = 10'000;
inline constexpr uint64_t kLeast = kWhole / 5;

/// How many parts they take from now on: less while others wait for CPU (a fifth of a processor or more),
/// memory or disks (a tenth of the time), more again when they don't.
uint64_t yielded(uint64_t parts, const Stall& stall);

}  // namespace berth::host
