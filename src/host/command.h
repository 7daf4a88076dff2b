// SPDX-License-Identifier: Apache-2.0
#pragma once
// One run of a command, or one call of a function: started, waited for, ended by itself, a limit or a signal,
// and reported.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/loop.h"
#include "engine/engine.h"
#include "host/denials.h"
#include "host/network.h"
#include "host/place.h"
#include "host/storage.h"
#include "policy/policy.h"
#include "providers/activity/events.h"
#include "providers/content/name_keys.h"
#include "providers/content/service.h"

namespace berth::host {

struct CommandRequest {
  policy::Policy policy;                 // effective and anchored
  std::vector<std::string> args;         // the first is the program's name
  std::vector<std::string> dns_servers;  // the owner's; none: the system's
  bool phantom_always = false;           // to see every path that the guest looks for
  engine::Ways ways = engine::Ways::kNative;
  uint64_t guards_off = 0;
  const Storage* storage = nullptr;  // of the policy; outlives a guest that goes on
  DayCount* day = nullptr;           // of the module, where the policy limits a day; outlives it too
  Place* place = nullptr;            // the same
  std::shared_ptr<content::Service> content = {};           // where the policy opens content
  std::shared_ptr<const content::NameKeys> name_keys = {};  // where it lets the module publish names
  std::string digest = {};                          // of the module: whose pins those of its content are
  std::shared_ptr<activity::Journal> journal = {};  // for what it tells its owner; none: there is no place
  std::string name = {};                            // what it is called there
  const engine::Function* function = nullptr;       // of the module; none is the command itself
};

struct CommandReport {
  engine::Outcome outcome;
  std::optional<int> signal;  // the signal that ended it
  std::chrono::nanoseconds wall{0};
  uint64_t memory_limit_bytes = 0;
  uint64_t memory_reserve_bytes = 0;  // kept of it for the host's side
  uint64_t memory_peak_bytes = 0;     // of the guest's part
  std::optional<uint64_t> memory_refused_bytes;
  std::optional<StorageReport> storage;  // of a module whose storage is bounded
  NetworkReport network;
  std::optional<content::Brought> content;  // of a module whose policy opens content
  std::optional<activity::Told> activity;   // where there is a place for it
  std::vector<Denial> denials;
  uint64_t denials_unlisted = 0;
};

/// Runs `module`, or one of its functions, on `engine`'s threads and `loop` on this one, until the call has
/// ended. SIGINT and SIGTERM cancel it; a second one ends this process at once. When the outcome says
/// `still_running`, `engine` and `module` are still in use: end the process.
Result<CommandReport> run_command(const engine::Engine& engine, const engine::Module& module,
                                  const CommandRequest& request, Loop& loop);

/// Which limit ended a call, how much was used and how to raise it: one line.
std::string explain_limit(const CommandReport& report, const policy::Effective& effective);

/// The limit's name as `explain_limit` and `--json` say it: "cpu-time".
std::string_view limit_name(engine::Limit limit);

}  // namespace berth::host
