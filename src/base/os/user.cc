// SPDX-License-Identifier: Apache-2.0
#include "base/os/user.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
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
  UserFolders folders;
  folders.config = BERTH_TRY(folder("BERTH_CONFIG", "XDG_CONFIG_HOME", "/.config/berth"));
  folders.state = BERTH_TRY(folder("BERTH_STATE", "XDG_STATE_HOME", "/.local/state/berth"));
  folders.cache = BERTH_TRY(folder("BERTH_CACHE", "XDG_CACHE_HOME", "/.cache/berth"));
  return folders;
}

Result<std::string> user_data_folder() {
  return folder("BERTH_DATA", "XDG_DATA_HOME", "/.local/share/berth");
}

std::optional<std::string> environment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

std::chrono::milliseconds write_patiently(int stream, std::string_view text,
                                          std::chrono::milliseconds patience) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + patience;
  const auto left = [&] {
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()),
                    std::chrono::milliseconds(0));
  };
  while (!text.empty()) {
    pollfd watched{.fd = stream, .events = POLLOUT, .revents = 0};
    const int ready = ::poll(&watched, 1, static_cast<int>(left().count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) break;
    // A pipe that is ready takes this much without waiting.
    const ssize_t put = ::write(stream, text.data(), std::min<size_t>(text.size(), PIPE_BUF));
    if (put < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (put <= 0) break;
    text.remove_prefix(static_cast<size_t>(put));
  }
  return left();
}

bool is_terminal(int stream) {
  return ::isatty(stream) == 1;
}

}  // namespace berth
