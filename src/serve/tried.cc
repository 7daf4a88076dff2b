// SPDX-License-Identifier: Apache-2.0
#include "serve/tried.h"

#include <fmt/format.h>

#include "base/units.h"
#include "host/command.h"

namespace berth::serve {
namespace {

using Ending = engine::Outcome::Ending;

constexpr uint16_t kFailing = 500;

/// An end that is none of the guest's own; nothing where it is.
std::optional<Error> early_end(const engine::Outcome& outcome) {
  switch (outcome.ending) {
    case Ending::kExited:
    case Ending::kReturned:
      return std::nullopt;
    case Ending::kTrapped:
      return Error{ErrorCode::kTrap, "trap: " + outcome.reason};
    case Ending::kLimited:
      return Error{ErrorCode::kLimit, fmt::format("limit: {}", host::limit_name(outcome.limit))};
    case Ending::kFailed:
      return Error{ErrorCode::kUnavailable, outcome.reason};
    case Ending::kCancelled:
      return Error{ErrorCode::kCancelled, "it was cancelled"};
    case Ending::kPanicked:
      return Error{ErrorCode::kInternal, "berth's own code failed: please report it"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Error> wrong_with(const engine::Tried& tried, const engine::Probe* probe) {
  const std::string time = format_duration(kTrialTime);
  const auto early = early_end(tried.outcome);
  if (probe == nullptr) {
    if (tried.late)
      return Error{ErrorCode::kLimit, fmt::format("an instance of it isn't made within {}", time)};
    if (early) return Error{early->code, "an instance of it can't be made: " + early->message};
    return std::nullopt;
  }
  if (tried.late)
    return Error{ErrorCode::kLimit, fmt::format("GET {} isn't answered within {}", probe->path, time)};
  if (tried.status != 0 && tried.status < kFailing) return std::nullopt;
  const std::string what = tried.status != 0
                               ? fmt::format("GET {} is answered with {}", probe->path, tried.status)
                               : fmt::format("GET {} isn't answered to its end", probe->path);
  return Error{early ? early->code : ErrorCode::kUnavailable, early ? what + ": " + early->message : what};
}

}  // namespace berth::serve
