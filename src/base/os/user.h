// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where berth keeps a user's things, by the XDG base directory specification: settings, state that is worth
// keeping, caches that can go. `BERTH_CONFIG`, `BERTH_STATE` and `BERTH_CACHE` name other folders.
//
// Only names: nothing is made. Any thread that doesn't race with a change of the environment.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth {

struct UserFolders {
  std::string config;  // host.toml: what the owner allows
  std::string state;   // the denial log, the volumes
  std::string cache;   // compiled modules
};

/// kUnavailable when neither the variables nor a home folder say where.
Result<UserFolders> user_folders();

/// Where modules are kept that were pulled: `BERTH_DATA`, or by the XDG specification. kUnavailable as above.
Result<std::string> user_data_folder();

/// A variable of this process's environment.
std::optional<std::string> environment(const char* name);

/// Writes to a standard stream as far as its reader takes it within `patience`; what is left of that.
std::chrono::milliseconds write_patiently(int stream, std::string_view text,
                                          std::chrono::milliseconds patience);

/// Whether a standard stream (0, 1, 2) is a terminal.
bool is_terminal(int stream);

}  // namespace berth
