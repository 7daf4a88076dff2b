// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a guest tells its owner of its work, and who takes it. The engine translates; nothing here decides.
//
// Called on the engine's threads, some on guests' fibers: must not block.

#include <optional>
#include <string>
#include <string_view>

struct berth_activity;

namespace berth::engine {

/// The numbers are the ABI's.
enum class ActivityKind { kInfo = 1, kError, kJobCompleted };

/// The numbers are the ABI's.
struct ActivityRefusal {
  enum class Why { kDenied = 1, kLimited, kTooLarge, kUnavailable };

  Why why = Why::kUnavailable;
  std::string words;
};

class ActivityKeeper {
 public:
  virtual ~ActivityKeeper() = default;
  /// The message is the guest's own, in UTF-8, and empty for a completed job. Nothing: it is written, and
  /// stays written when this process is killed.
  virtual std::optional<ActivityRefusal> tell(ActivityKind kind, std::string_view message) noexcept = 0;
};

/// As the ABI takes it.
berth_activity activity_abi(ActivityKeeper* keeper);

}  // namespace berth::engine
