// SPDX-License-Identifier: Apache-2.0
#pragma once
// What one call is given, and what comes of it: plain data, and the things that are lent to the call. All
// of it is decided before; nothing here decides or runs anything.
//
// The data are values, for any thread. A `Budget`, a `Share` and a `DoorKeeper` are the caller's, outlive the
// call, and are used on the engine's threads.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/guards.h"
#include "engine/knock.h"
#include "engine/ledger.h"
#include "engine/share.h"
#include "engine/traffic.h"

struct berth_budget;
struct berth_function;

namespace berth::engine {

class ActivityKeeper;
class ContentSource;

/// Memory of one module: what all its instances together may have. Outlives every call that draws from it.
class Budget {
 public:
  explicit Budget(uint64_t limit_bytes);
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;
  ~Budget();

  uint64_t limit_bytes() const;
  uint64_t used_bytes() const;
  uint64_t peak_bytes() const;
  /// What `used_bytes` would have become with the last refused growth; nothing when none was refused.
  std::optional<uint64_t> refused_bytes() const;

  berth_budget* abi() {
    return budget_.get();
  }

 private:
  std::unique_ptr<berth_budget> budget_;
};

struct Folder {
  std::string host_path;
  std::string content = {};  // "ipfs://CID/a": content shown as a folder, in place of one of the host's
  std::string guest_path;
  bool writable = false;
  const Ledger* ledger = nullptr;  // counts what is stored in it, as this account; outlives the call
  size_t account = 0;
};

/// Which operating-system calls the engine's doors use.
enum class Ways { kNative, kPortable };

/// A module's function, and the values for its parameters: checked, not called yet. A call in it may outlive
/// it.
class Function {
 public:
  explicit Function(berth_function* function) : function_(function) {}
  Function(const Function&) = delete;
  Function& operator=(const Function&) = delete;
  ~Function();

  const berth_function* abi() const {
    return function_;
  }

 private:
  berth_function* const function_;
};

/// How a function's result is written.
enum class Notation { kWave, kJson };

/// All that one call is given. Decided before; copied when the call starts, but what is lent.
struct Guest {
  const Function* function = nullptr;  // of the module that is called; none is `wasi:cli/run`
  std::vector<std::string> args;       // the first is the program's name
  std::vector<std::pair<std::string, std::string>> env;
  std::vector<Folder> folders;
  std::string module;                    // what it is called where it asks another one of the same engine
  std::vector<std::string> names;        // that rules for sockets hold
  std::vector<std::string> dns_servers;  // "127.0.0.1:5353"; none: the system's
  bool phantom = true;                   // the last preopen `/`, when no folder covers it
  bool phantom_always = false;           // it stands beside folders in WASI 0.3 too
  bool files_asked = false;              // the keeper is asked about each use of a folder, too
  bool stdin_open = false;
  bool stdout_open = false;
  bool stderr_open = false;
  uint64_t handles = 0;
  uint64_t host_buffer_bytes = 0;
  std::optional<std::chrono::nanoseconds> cpu_time;
  std::optional<std::chrono::nanoseconds> wall;
  std::optional<uint64_t> fuel;
  Ways ways = Ways::kNative;
  uint64_t guards_off = 0;
  const Traffic* traffic = nullptr;    // outlives the call; none is no limit
  Budget* budget = nullptr;            // outlives the call
  Share* share = nullptr;              // the same; none: as much of the CPU as there is
  DoorKeeper* keeper = nullptr;        // outlives the call
  ContentSource* content = nullptr;    // the same; none: the policy opens no content
  ActivityKeeper* activity = nullptr;  // the same; none: nobody takes what it tells
};

enum class Limit { kMemory = 1, kCpuTime, kWall, kFuel, kHandles, kStack, kHostBuffers, kPlaces };

/// What the host's own connections for a guest carried, in bytes on the wire; and all that it was let make.
struct NetworkUse {
  uint64_t sent_bytes = 0;
  uint64_t received_bytes = 0;
  uint64_t connections = 0;
};

struct Outcome {
  enum class Ending { kExited = 1, kTrapped, kLimited, kCancelled, kFailed, kPanicked, kReturned };

  Ending ending = Ending::kFailed;
  int exit_status = 0;           // of kExited; of kReturned 1 when the function gave an error of its own
  Limit limit = Limit::kMemory;  // of kLimited
  std::string reason;            // of kTrapped and kFailed
  std::string result;            // of kReturned: one line, empty when the function gives nothing
  std::string trace;             // of kTrapped: the guest's frames, innermost first
  std::chrono::nanoseconds cpu_used{0};
  std::chrono::nanoseconds cpu_throttled{0};  // held back for the module's share
  uint64_t fuel_used = 0;                     // where it is counted; not of a guest that is still running
  NetworkUse network;
  /// Of a guest that is alone: it goes on, with all that it was given, so the process has to end.
  bool still_running = false;
  /// The guest's last line on standard error isn't finished.
  bool unfinished_line = false;
};

}  // namespace berth::engine
