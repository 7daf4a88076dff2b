// SPDX-License-Identifier: Apache-2.0
#pragma once
// What every function of berth that can fail returns, and the one list of things that can go wrong.
//
// A `Result<T>` holds a value or an `Error`: a code, which programs branch on, and a message, which a
// person reads. Messages say what was being done, what went wrong and what to do next: lowercase, no
// full stop.
//
// Values: free to copy, safe on any thread. No exception leaves the library.

#include <expected>
#include <string>
#include <utility>

namespace berth {

enum class ErrorCode {
  kInvalidArgument,  // a flag, a file of settings or a value that cannot be understood
  kInvalidModule,    // bytes that are not a module that this host can run
  kNotFound,         // a file or a name that is not there
  kDenied,           // a policy, or the owner's, refuses
  kLimit,            // a limit ended the work
  kTrap,             // the guest's code trapped
  kCancelled,        // the caller, or a signal, ended the work
  kUnavailable,      // the operating system or a service refused or failed
  kUnsupported,      // understood, but not offered by this build or this engine
  kInternal,         // a broken belief about our own code
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;

  bool operator==(const Error&) const = default;
};

template <class T>
using Result = std::expected<T, Error>;

/// Shorthand for `return fail(ErrorCode::kNotFound, "…")` in a function that returns a Result.
[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{.code = code, .message = std::move(message)});
}

}  // namespace berth
