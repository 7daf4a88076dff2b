// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a guest asks for at a door, and who is asked about it. Nothing here decides.
//
// A `Knock` lends its text for the time of the question. A `DoorKeeper` is the caller's, outlives the call,
// and is used on the engine's threads.

#include <string_view>

namespace berth::engine {

/// What a guest asks for.
struct Knock {
  enum class Door { kFiles, kHttpOut, kSocketOut, kSocketIn, kDns, kContent, kActivity };
  /// Why its door stopped it; `kAsk` when the policy decides, `kNoModule` when it was let through to nobody.
  enum class Cause { kNoGrant, kReadOnly, kEscape, kSpecialFile, kCrossGrant, kAsk, kNoModule };

  Door door = Door::kFiles;
  Cause cause = Cause::kNoGrant;
  std::string_view operation;      // in the policy's words: "open-read", "connect"
  std::string_view target;         // any bytes the guest likes
  std::string_view method;         // of a request
  std::string_view resolved_to;    // of a request: the address that its name has, once that is known
  std::string_view resolved_from;  // of an address: the name that it was found by, if any
  bool quiet = false;              // a question on the way: a refusal is not worth an entry
};

/// Told of what no grant opens, and asked where only the policy knows.
class DoorKeeper {
 public:
  virtual ~DoorKeeper() = default;
  /// On the engine's threads, also on a guest's fiber: must not block or throw.
  virtual bool ask(const Knock& knock) noexcept = 0;
};

}  // namespace berth::engine
