// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a guest is given and how it ended, between C++'s words and the C ABI's, for the sources of this room
// alone.

#include <vector>

#include "berth_engine.h"
#include "engine/guest.h"

namespace berth::engine {

/// The guest's limits, and counters at zero.
berth_meter meter_of(const Guest& guest);

Knock knock_of(const berth_knock& knock);

/// Without what was counted.
Outcome outcome_of(const berth_outcome& outcome);

/// A guest as the ABI takes it: borrows from `guest`, and has no `done`.
class AbiGuest {
 public:
  AbiGuest(const Guest& guest, berth_meter& meter, decltype(berth_guest::ask) ask, void* context);
  AbiGuest(const AbiGuest&) = delete;
  AbiGuest& operator=(const AbiGuest&) = delete;

  const berth_guest& abi() const {
    return abi_;
  }

 private:
  std::vector<berth_slice> args_;
  std::vector<berth_slice> env_;
  std::vector<berth_slice> names_;
  std::vector<berth_slice> dns_servers_;
  std::vector<berth_folder> folders_;
  berth_content content_ = {};
  berth_activity activity_ = {};
  berth_guest abi_ = {};
};

}  // namespace berth::engine
