// SPDX-License-Identifier: Apache-2.0
#include "base/os/landlock.h"

#ifdef __linux__

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/os/descriptor.h"

// What Debian 12's headers don't know yet, as the kernel's own name it.
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif
#ifndef LANDLOCK_ACCESS_NET_BIND_TCP
#define LANDLOCK_ACCESS_NET_BIND_TCP (1ULL << 0)
#define LANDLOCK_ACCESS_NET_CONNECT_TCP (1ULL << 1)
#endif
#ifndef LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define LANDLOCK_SCOPE_SIGNAL (1ULL << 1)
#endif

namespace berth {
namespace {

/// `landlock_ruleset_attr` as of version 6: an older kernel takes it as long as what it doesn't know is zero.
struct RulesetAttributes {
  uint64_t handled_access_fs = 0;
  uint64_t handled_access_net = 0;
  uint64_t scoped = 0;
};

/// `landlock_net_port_attr`, and the number of such a rule.
struct PortAttributes {
  uint64_t allowed_access = 0;
  uint64_t port = 0;
};
constexpr int kPortRule = 2;

constexpr uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
// No way to make what isn't a file, a folder or a link, and none to run a file.
constexpr uint64_t kWrite = kRead | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE |
                            LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                            LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                            LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER;
// What a rule about something else than a folder may name.
constexpr uint64_t kOfFiles =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE;

RulesetAttributes handled(int version, const WallPlan& plan) {
  RulesetAttributes all{.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
  if (version >= 2) all.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) all.handled_access_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
  if (version >= 5) all.handled_access_fs |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
  if (version >= 4 && plan.tcp == WallPlan::Tcp::kClosed) {
    all.handled_access_net = LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP;
  }
  if (version >= 6) all.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL;
  return all;
}

std::unexpected<Error> refused(const char* doing) {
  return fail(ErrorCode::kUnavailable, fmt::format("{}: {}", doing, std::strerror(errno)));
}

class Ruleset {
 public:
  Ruleset(Descriptor file, uint64_t handled) : file_(std::move(file)), handled_(handled) {}

  /// What can't be opened, or is no file of a file system, stays out of reach.
  void allow(const std::string& path, uint64_t access) const {
    const Descriptor at(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (at.opened()) allow(at.get(), access);
  }

  void allow(int file, uint64_t access) const {
    struct stat about = {};
    if (::fstat(file, &about) != 0) return;
    if (!S_ISDIR(about.st_mode)) access &= kOfFiles;
    landlock_path_beneath_attr rule = {};
    rule.allowed_access = access & handled_;
    rule.parent_fd = file;
    ::syscall(SYS_landlock_add_rule, file_.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
  }

  void allow_port(uint16_t port) const {
    const PortAttributes rule{.allowed_access = LANDLOCK_ACCESS_NET_CONNECT_TCP, .port = port};
    ::syscall(SYS_landlock_add_rule, file_.get(), kPortRule, &rule, 0);
  }

  Result<void> restrict_self() const {
    if (::syscall(SYS_landlock_restrict_self, file_.get(), 0) != 0) return refused("it can't be put up");
    return {};
  }

 private:
  const Descriptor file_;
  const uint64_t handled_;
};

/// A named pipe or a terminal that is a standard stream is opened again, so that only berth's own description
/// of it doesn't block.
void allow_streams(const Ruleset& rules) {
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat about = {};
    if (::fstat(stream, &about) != 0) continue;
    if (S_ISFIFO(about.st_mode) || ::isatty(stream) == 1) rules.allow(stream, LANDLOCK_ACCESS_FS_WRITE_FILE);
  }
}

}  // namespace

Result<int> landlock_version() {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, size_t{0}, LANDLOCK_CREATE_RULESET_VERSION);
  if (version > 0) return std::min(static_cast<int>(version), kNewestLandlock);
  if (errno == EOPNOTSUPP) {
    return fail(ErrorCode::kUnsupported,
                "it is turned off in this kernel: add it to the kernel's option lsm=, as in "
                "lsm=landlock,yama,apparmor");
  }
  if (errno == EPERM) {
    return fail(
        ErrorCode::kUnsupported,
        "what berth runs in doesn't let it: allow the landlock_* system calls in its seccomp profile");
  }
  return fail(ErrorCode::kUnsupported, "this kernel has none: Linux 5.19 and later do");
}

Result<int> raise_landlock(const WallPlan& plan) {
  const int version = std::min(BERTH_TRY(landlock_version()), plan.landlock);
  if (version < 2 && !plan.writable.empty()) {
    // Its first version refuses each rename from one folder to another.
    return fail(ErrorCode::kUnsupported,
                "this kernel's is too old for folders to write in: Linux 5.19 and later do");
  }
  const RulesetAttributes attributes = handled(version, plan);
  Descriptor file(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  if (!file.opened()) return refused("its rules can't be made");
  const Ruleset rules(std::move(file), attributes.handled_access_fs);
  for (const std::string& path : plan.readable) rules.allow(path, kRead);
  for (const std::string& path : plan.writable) rules.allow(path, kWrite);
  rules.allow("/dev/null", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
  allow_streams(rules);
  if (attributes.handled_access_net != 0) {
    for (const uint16_t port : plan.ports) rules.allow_port(port);
  }
#ifdef __SANITIZE_ADDRESS__
  rules.allow("/proc", kRead);  // read at the end, to look for leaks
#endif
  BERTH_TRY_VOID(rules.restrict_self());
  return version;
}

}  // namespace berth

#else

namespace berth {

Result<int> landlock_version() {
  return fail(ErrorCode::kUnsupported, "only Linux has it");
}

Result<int> raise_landlock(const WallPlan&) {
  return landlock_version();
}

}  // namespace berth

#endif
