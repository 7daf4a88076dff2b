// SPDX-License-Identifier: Apache-2.0
#pragma once
// A module's place among all that run on this machine for one user, in whichever berth process: what is set
// aside for it of what the owner gives to all of them together (`[total]` in host.toml), and its turns on the
// CPU.
//
// What a module may have at most is set aside when it starts; one for which there isn't enough isn't started.
// The CPU is divided as they run, by weight among those who want some just now, and they leave the more of it
// to everybody else the longer others have to wait. The table that they share is the file `running` in the
// state folder; a process that is killed leaves nothing behind in it.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/os/priority.h"
#include "base/os/shared_slots.h"
#include "base/result.h"
#include "engine/share.h"
#include "host/counters.h"
#include "host/needs.h"
#include "policy/policy.h"

namespace berth::host {

class Place {
 public:
  /// kUnavailable: there isn't enough left for it, and what is missing; or the table can't be kept.
  static Result<std::unique_ptr<Place>> take(const std::string& state_folder, const std::string& module,
                                             const policy::Effective& effective);
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place();

  /// Looks after its turns from now on; it outlives the share's calls, and has one share. After the threads
  /// that run guests were started.
  void give_turns(engine::Share& share);

  /// Where what it does is counted for `residents` to see. Any thread.
  Counters& counters() const;

  /// The folders of the system's that `give_turns` reads from.
  static std::vector<std::string> reads();

 private:
  struct Heading;
  struct Entry;
  friend Result<std::vector<Resident>> residents(const std::string& state_folder);

  Place(SharedSlots slots, const policy::Effective& effective);
  static Result<SharedSlots> open_table(const std::string& state_folder);
  static Heading& heading(const SharedSlots& slots);
  static Entry& entry(const SharedSlots& slots, size_t index);
  static std::vector<Resident> listed(const SharedSlots& slots);
  Result<void> settle(const std::string& state_folder, const std::string& module,
                      const policy::Effective& effective);
  void turn() noexcept;
  void look_around(uint64_t now_ns) noexcept;

  SharedSlots slots_;
  std::optional<size_t> own_;
  uint64_t cpu_total_;  // basis points of a core, of all modules
  uint64_t cpu_most_;   // the same, of this one
  bool yields_;
  engine::Share* share_ = nullptr;
  std::optional<Pressure> pressure_;
  std::optional<OwnWaits> own_waits_;
};

/// The modules that run now, over all processes of this user; none where no table can be opened.
Result<std::vector<Resident>> residents(const std::string& state_folder);

}  // namespace berth::host
