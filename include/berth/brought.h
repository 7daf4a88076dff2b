// SPDX-License-Identifier: Apache-2.0
#pragma once
// What content came for an instance, from where and how fast: as `berth run --json` says it of a module.
// Made by `Instance::brought` (instance.h).

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace berth {

/// What came from one gateway. Names of gateways are bounded: what comes from more than 32 is added up as
/// that of "others".
struct BroughtFrom {
  std::string gateway;                     // its URL
  uint64_t requests = 0;                   // of them some brought nothing
  uint64_t answers = 0;                    // those that brought a block
  uint64_t blocks = 0;                     // each checked before anybody had it
  uint64_t bytes = 0;                      // of these blocks
  uint64_t wrong_answers = 0;              // that weren't what was asked for: nobody had a byte of them
  std::chrono::nanoseconds first_byte{0};  // from a request to its first block, on average
  std::chrono::nanoseconds time{0};        // of all answers together, from there on while blocks came
  std::string fault;                       // what it did wrong, for a person; empty: nothing
};

/// What instances of a host want at once comes once. It stands here for the one that pays for it out of its
/// limit of the network; for the others it was on this machine.
struct Brought {
  uint64_t store_blocks = 0;  // that were on this machine, counted each time that they are read
  uint64_t store_bytes = 0;
  std::vector<BroughtFrom> gateways{};  // in the order of the first request
};

}  // namespace berth
