// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether a new version of a module holds: its first requests tell. It does once one of them was answered,
// and doesn't when one traps, or its instance can't be made, before that. Limits and clients that go away
// tell nothing.
//
// Any thread.

#include <atomic>

#include "host/http_module.h"

namespace berth::serve {

enum class Verdict { kNone, kHolds, kFails };

/// What one request tells.
inline Verdict verdict_of(const host::ServedRequest& request) {
  using Ending = engine::Outcome::Ending;
  switch (request.served.outcome.ending) {
    case Ending::kExited:
    case Ending::kReturned:
      return request.served.status != 0 ? Verdict::kHolds : Verdict::kNone;
    case Ending::kTrapped:
    case Ending::kFailed:
      return Verdict::kFails;
    case Ending::kLimited:
    case Ending::kCancelled:
    case Ending::kPanicked:
      return Verdict::kNone;
  }
  return Verdict::kNone;
}

class Trial {
 public:
  /// The verdict when this request has brought it; kNone before that and ever after.
  Verdict hear(const host::ServedRequest& request) {
    if (over_.load(std::memory_order_relaxed)) return Verdict::kNone;
    const Verdict verdict = verdict_of(request);
    if (verdict == Verdict::kNone || over_.exchange(true)) return Verdict::kNone;
    return verdict;
  }

 private:
  std::atomic<bool> over_ = false;
};

}  // namespace berth::serve
