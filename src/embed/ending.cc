// SPDX-License-Identifier: Apache-2.0
#include "embed/ending.h"

#include <fmt/format.h>

#include "host/command.h"

namespace berth::embed {
namespace {

std::string_view raised_by(engine::Limit limit) {
  switch (limit) {
    case engine::Limit::kMemory:
      return "raise limits.memory_bytes";
    case engine::Limit::kCpuTime:
      return "raise limits.cpu_time";
    case engine::Limit::kWall:
      return "raise limits.wall";
    case engine::Limit::kFuel:
      return "raise the fuel";
    case engine::Limit::kHandles:
    case engine::Limit::kHostBuffers:
      return "raise limits.memory_bytes, of which it is a part";
    case engine::Limit::kPlaces:
      return "raise HostOptions::places, or wait for other instances to go";
    case engine::Limit::kStack:
      return "look for an endless recursion: it can't be raised";
  }
  return "";
}

}  // namespace

Error error_of(const engine::Outcome& outcome, std::string_view module, std::string_view what) {
  using Ending = engine::Outcome::Ending;
  const auto error = [&](ErrorCode code, const std::string& how) {
    return Error{.code = code, .message = fmt::format("'{}': {} {}", module, what, how)};
  };
  switch (outcome.ending) {
    case Ending::kLimited:
      return error(ErrorCode::kLimit, fmt::format("met the limit {}: {}", host::limit_name(outcome.limit),
                                                  raised_by(outcome.limit)));
    case Ending::kTrapped:
      return error(ErrorCode::kTrap, fmt::format("trapped: {}{}{}", outcome.reason,
                                                 outcome.trace.empty() ? "" : "\n", outcome.trace));
    case Ending::kCancelled:
      return error(ErrorCode::kCancelled, "was cancelled");
    case Ending::kExited:
      return error(ErrorCode::kTrap,
                   fmt::format("ended the module with exit status {}", outcome.exit_status));
    case Ending::kReturned:
    case Ending::kFailed:
      return error(ErrorCode::kInvalidModule, "failed: " + outcome.reason);
    case Ending::kPanicked:
      return error(ErrorCode::kInternal, "failed inside berth's engine");
  }
  return error(ErrorCode::kInternal, "ended in no known way");
}

std::unexpected<Error> named(std::string_view module, Error error) {
  error.message = fmt::format("'{}': {}", module, error.message);
  return std::unexpected(std::move(error));
}

std::unexpected<Error> busy() {
  return fail(ErrorCode::kUnavailable,
              "the instance has a call already: wait for it, or make one instance for each thread");
}

}  // namespace berth::embed
