// SPDX-License-Identifier: Apache-2.0
#include "base/os/wall.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/os/landlock.h"
#include "base/os/seccomp.h"

#ifdef __linux__
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#endif

namespace berth {
namespace {

#ifdef __linux__

bool give_up_privileges() {
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

/// Whether this process has another thread; without /proc, none is assumed.
bool has_other_threads() {
  struct stat about = {};
  return ::stat("/proc/self/task", &about) == 0 && about.st_nlink > 3;
}

#else

bool give_up_privileges() {
  return false;
}

bool has_other_threads() {
  return false;
}

#endif

Result<int> landlock_by(const WallPlan& plan) {
  if (plan.landlock <= 0) return fail(ErrorCode::kDenied, "turned off for a test");
  if (has_other_threads()) {
    return fail(ErrorCode::kInternal, "this process has other threads already, which it wouldn't hold for");
  }
  return raise_landlock(plan);
}

Result<void> seccomp_by(const WallPlan& plan) {
  if (!plan.seccomp) return fail(ErrorCode::kDenied, "turned off for a test");
  return raise_seccomp();
}

}  // namespace

Wall raise_wall(const WallPlan& plan) {
  Wall wall{.no_new_privileges = give_up_privileges(), .missing = {}};
  if (!wall.no_new_privileges) {
    wall.missing.emplace_back("no_new_privs: this system has no such thing");
  }
  const auto landlock = landlock_by(plan);
  wall.landlock = landlock.value_or(0);
  if (!landlock) wall.missing.push_back(fmt::format("landlock: {}", landlock.error().message));
  if (plan.start_threads) plan.start_threads();
  // The last, since what the others call could be among what it refuses.
  const auto seccomp = seccomp_by(plan);
  wall.seccomp = seccomp.has_value();
  if (!seccomp) wall.missing.push_back(fmt::format("seccomp: {}", seccomp.error().message));
  return wall;
}

#ifdef __linux__

namespace {

/// What the child found, small enough for one write to a pipe.
struct Found {
  bool no_new_privileges;
  int landlock;
  bool seccomp;
  bool file_refused;
  bool tcp_refused;
  bool call_refused;
  char missing[1024];
};

Found look_behind_wall() {
  const Wall wall = raise_wall({});
  Found found = {.no_new_privileges = wall.no_new_privileges,
                 .landlock = wall.landlock,
                 .seccomp = wall.seccomp,
                 .file_refused = false,
                 .tcp_refused = false,
                 .call_refused = false,
                 .missing = {}};
  found.file_refused = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0 && errno == EACCES;
  sockaddr_in nobody = {};
  nobody.sin_family = AF_INET;
  nobody.sin_port = htons(1);
  nobody.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  found.tcp_refused =
      ::connect(socket, reinterpret_cast<const sockaddr*>(&nobody), sizeof nobody) != 0 && errno == EACCES;
  // Without a path it would be EFAULT.
  found.call_refused = ::syscall(SYS_execve, nullptr, nullptr, nullptr) != 0 && errno == EPERM;
  std::string missing;
  for (const std::string& part : wall.missing) missing += part + "\n";
  missing.copy(found.missing, sizeof found.missing - 1);
  return found;
}

}  // namespace

Result<WallTrial> try_wall() {
  int ends[2];
  if (::pipe(ends) != 0) return fail(ErrorCode::kUnavailable, "no pipe can be made");
  const pid_t child = ::fork();
  if (child < 0) return fail(ErrorCode::kUnavailable, "no process can be started");
  if (child == 0) {
    const Found found = look_behind_wall();
    ::_exit(::write(ends[1], &found, sizeof found) == sizeof found ? 0 : 1);
  }
  ::close(ends[1]);
  Found found = {};
  const ssize_t got = ::read(ends[0], &found, sizeof found);
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (got != sizeof found) return fail(ErrorCode::kInternal, "the process that tried it ended too early");
  WallTrial trial{.claimed = {.no_new_privileges = found.no_new_privileges,
                              .landlock = found.landlock,
                              .seccomp = found.seccomp,
                              .missing = {}},
                  .file_refused = found.file_refused,
                  .tcp_refused = found.tcp_refused,
                  .call_refused = found.call_refused};
  std::string_view rest = found.missing;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    trial.claimed.missing.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return trial;
}

#else

Result<WallTrial> try_wall() {
  return WallTrial{.claimed = raise_wall({})};
}

#endif

}  // namespace berth
