// SPDX-License-Identifier: Apache-2.0
#include "base/os/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/os/descriptor.h"

#ifdef __linux__
#include <sys/prctl.h>
#endif

extern char** environ;

namespace berth {
namespace {

constexpr size_t kMostErrors = 64 << 10;
constexpr size_t kChunk = 64 << 10;

/// Both ends closed in a child, and ours never blocking.
struct Line {
  Descriptor ours;
  Descriptor childs;
};

std::unexpected<Error> cannot_start(const std::string& program, int error) {
  return fail(ErrorCode::kUnavailable,
              fmt::format("'{}' can't be started: {}", program, std::generic_category().message(error)));
}

std::optional<Line> make_line(int (*make)(int ends[2])) {
  int ends[2];
  if (make(ends) != 0) return std::nullopt;
  Line made{.ours = Descriptor(ends[0]), .childs = Descriptor(ends[1])};
  for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
  ::fcntl(ends[0], F_SETFL, ::fcntl(ends[0], F_GETFL) | O_NONBLOCK);
  return made;
}

/// A socket, since writing to one can go without SIGPIPE.
int make_sockets(int ends[2]) {
  const int made = ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
#ifdef SO_NOSIGPIPE
  const int on = 1;
  if (made == 0) ::setsockopt(ends[0], SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
  return made;
}

#ifdef MSG_NOSIGNAL
constexpr int kNoSignal = MSG_NOSIGNAL;
#else
constexpr int kNoSignal = 0;
#endif

/// For `poll`: what is left until then; -1 waits for ever.
int milliseconds_until(const std::optional<std::chrono::steady_clock::time_point>& end) {
  if (!end) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*end - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 60'000));
}

/// Feeds and reads the child until it has closed both of its streams; false when it goes past its bounds.
bool converse(Descriptor input, std::string_view bytes, const Descriptor& output, const Descriptor& errors,
              const ChildBounds& bounds, ChildResult& result) {
  std::optional<std::chrono::steady_clock::time_point> end;
  if (bounds.most_time) end = std::chrono::steady_clock::now() + *bounds.most_time;
  std::array<pollfd, 3> watched{pollfd{.fd = output.get(), .events = POLLIN, .revents = 0},
                                pollfd{.fd = errors.get(), .events = POLLIN, .revents = 0},
                                pollfd{.fd = input.get(), .events = POLLOUT, .revents = 0}};
  if (bytes.empty()) {
    input.close();
    watched[2].fd = -1;
  }
  std::array<char, kChunk> chunk;
  while (watched[0].fd >= 0 || watched[1].fd >= 0) {
    const int ready = ::poll(watched.data(), watched.size(), milliseconds_until(end));
    if (ready < 0 && errno != EINTR) return true;
    if (end && std::chrono::steady_clock::now() >= *end) return false;
    if (ready <= 0) continue;
    for (size_t i = 0; i < 2; ++i) {
      if (watched[i].fd < 0 || watched[i].revents == 0) continue;
      const ssize_t got = ::read(watched[i].fd, chunk.data(), chunk.size());
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (got <= 0) {
        watched[i].fd = -1;
      } else if (i == 0) {
        if (static_cast<size_t>(got) > bounds.most_output - result.output.size()) return false;
        result.output.append(chunk.data(), static_cast<size_t>(got));
      } else {
        result.errors.append(chunk.data(),
                             std::min(static_cast<size_t>(got), kMostErrors - result.errors.size()));
      }
    }
    if (watched[2].fd < 0 || watched[2].revents == 0) continue;
    const ssize_t put = ::send(watched[2].fd, bytes.data(), bytes.size(), kNoSignal);
    if (put < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    bytes.remove_prefix(put > 0 ? static_cast<size_t>(put) : bytes.size());
    if (bytes.empty()) {
      input.close();
      watched[2].fd = -1;
    }
  }
  return true;
}

void set_limit(decltype(RLIMIT_CPU) resource, rlim_t soft, rlim_t hard) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0) return;
  limit.rlim_max = std::min(limit.rlim_max, hard);
  limit.rlim_cur = std::min(limit.rlim_max, soft);
  ::setrlimit(resource, &limit);
}

}  // namespace

Result<ChildResult> run_child(const std::vector<std::string>& command, std::string_view input,
                              const ChildBounds& bounds) {
  auto in = make_line(make_sockets);
  auto out = make_line(::pipe);
  auto err = make_line(::pipe);
  if (!in || !out || !err) return cannot_start(command.front(), errno);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in->childs.get(), 0);
  posix_spawn_file_actions_adddup2(&actions, out->childs.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, err->childs.get(), 2);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
  // Also what this process inherited and knows nothing of.
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
#endif
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int failed =
      ::posix_spawn(&child, command.front().c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return cannot_start(command.front(), failed);

  for (Line* line : {&*in, &*out, &*err}) line->childs.close();
  ChildResult result;
  const bool within = converse(std::move(in->ours), input, out->ours, err->ours, bounds, result);
  if (!within) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!within) {
    return fail(ErrorCode::kLimit,
                fmt::format("'{}' took too long, or said too much, and was ended", command.front()));
  }
  if (WIFSIGNALED(status)) {
    result.signal = WTERMSIG(status);
  } else {
    result.exit_status = WEXITSTATUS(status);
  }
  return result;
}

void limit_own_process(const OwnLimits& limits) {
#ifdef __linux__
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // All that this process can write to, reserved or not, and nothing else. Elsewhere it is the heap alone.
  const auto memory = RLIMIT_DATA;
#else
  const auto memory = RLIMIT_AS;
#endif
  const auto seconds = static_cast<rlim_t>(std::max<int64_t>(limits.cpu_time.count(), 1));
  set_limit(RLIMIT_CPU, seconds, seconds + 1);
  set_limit(RLIMIT_CORE, 0, 0);
  set_limit(RLIMIT_FSIZE, 0, 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  set_limit(memory, limits.memory_bytes, limits.memory_bytes);
#else
  static_cast<void>(memory);  // the sanitizers' own shadow is larger
#endif
}

void allow_most_open_files() {
  struct rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) set_limit(RLIMIT_NOFILE, limit.rlim_max, limit.rlim_max);
}

std::string own_program(const std::string& argv0, OwnProgramBy by) {
#ifdef __linux__
  // Stays this very program when its file is replaced or removed.
  if (by == OwnProgramBy::kSystem && ::access("/proc/self/exe", X_OK) == 0) return "/proc/self/exe";
#endif
  static_cast<void>(by);
  if (argv0.find('/') != std::string::npos) return argv0;
  const char* path = std::getenv("PATH");
  std::string_view folders = path == nullptr ? "/usr/bin:/bin" : path;
  while (!folders.empty()) {
    const std::string_view folder = folders.substr(0, folders.find(':'));
    folders.remove_prefix(std::min(folders.size(), folder.size() + 1));
    const std::string candidate = fmt::format("{}/{}", folder.empty() ? "." : folder, argv0);
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return argv0;
}

}  // namespace berth
