// SPDX-License-Identifier: Apache-2.0
#pragma once
// The guards that a hostile test turns off, one at a time, to show that it needs them.

#include <cstdint>

namespace berth::engine {

/// Bits of guards that a hostile test turns off; ignored in a build without test switches.
enum GuardsOff : uint64_t {
  kGuardMemory = 1 << 0,
  kGuardCpuTime = 1 << 1,
  kGuardWall = 1 << 2,
  kGuardHandles = 1 << 3,
  kGuardStack = 1 << 4,
  kGuardHostBuffers = 1 << 5,
  kGuardConfinement = 1 << 6,
  kGuardTables = 1 << 7,
  kGuardStdout = 1 << 8,
  kGuardPhantom = 1 << 9,
  kGuardReadOnly = 1 << 10,
  kGuardCrossGrant = 1 << 11,
  kGuardSpecialFiles = 1 << 12,
  kGuardNetwork = 1 << 14,
  kGuardCpuShare = 1 << 15,
  kGuardStorage = 1 << 18,  // for who opens the ledger
  kGuardNetworkRate = 1 << 19,
  kGuardNetworkConnections = 1 << 20,
  kGuardNetworkConnectionRate = 1 << 21,
  kGuardNetworkDaily = 1 << 22,
  kGuardAgain = 1 << 23,
  kGuardInstances = 1 << 24,  // for who admits requests
  kGuardContentOpen = 1 << 25,
  kGuardContentMemory = 1 << 26,
  kGuardContentGrant = 1 << 27,  // for who answers what is asked of content
  kGuardContentBound = 1 << 28,  // the same
  kGuardContentMade = 1 << 29,   // the same
  kAskForPanic = 1 << 13,        // no guard: the lane fails as berth's own code might
  kBriefIdle = 1 << 16,  // no guard: connections to servers wait a second for their next request, not 60
};

}  // namespace berth::engine
