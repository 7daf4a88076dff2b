// SPDX-License-Identifier: Apache-2.0
#include "base/os/user.h"

#include <unistd.h>

#include <cstdlib>

namespace berth {
namespace {

std::optional<std::string> absolute(const char* variable) {
  auto value = environment(variable);
  if (!value || !value->starts_with('/')) return std::nullopt;
  return value;
}

Result<std::string> folder(const char* own, const char* xdg, const char* below_home) {
  if (const auto value = environment(own)) {
    if (value->starts_with('/')) return *value;
    return fail(ErrorCode::kInvalidArgument,
                std::string(own) + " must be an absolute path, not '" + *value + "'");
  }
  if (const auto value = absolute(xdg)) return *value + "/berth";
  if (const auto home = absolute("HOME")) return *home + below_home;
  return fail(ErrorCode::kUnavailable,
              std::string("there is no home folder to keep berth's files in: set HOME, or ") + own);
}

}  // namespace

Result<UserFolders> user_folders() {
  return UserFolders{.config = BERTH_TRY(folder("BERTH_CONFIG", "XDG_CONFIG_HOME", "/.config/berth")),
                     .state = BERTH_TRY(folder("BERTH_STATE", "XDG_STATE_HOME", "/.local/state/berth")),
                     .cache = BERTH_TRY(folder("BERTH_CACHE", "XDG_CACHE_HOME", "/.cache/berth"))};
}

std::optional<std::string> environment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

bool is_terminal(int stream) {
  return ::isatty(stream) == 1;
}

}  // namespace berth
