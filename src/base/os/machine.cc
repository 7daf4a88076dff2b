// SPDX-License-Identifier: Apache-2.0
#include "base/os/machine.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "base/os/descriptor.h"

#ifdef __linux__
#include <linux/openat2.h>
#include <sys/syscall.h>
#endif

namespace berth {

bool has_openat2() {
#ifdef __linux__
  open_how how = {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH;
  const Descriptor here(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, ".", &how, sizeof how)));
  return here.opened();
#else
  return false;
#endif
}

bool may_write(const std::string& path) {
  return ::access(path.c_str(), W_OK) == 0;
}

std::optional<std::string> system_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(file), {}};
  return text;
}

std::string boot_id() {
  std::string id = system_file("/proc/sys/kernel/random/boot_id").value_or("");
  while (id.ends_with('\n')) id.pop_back();
  return id;
}

std::chrono::nanoseconds since_boot() {
#ifdef CLOCK_BOOTTIME
  constexpr clockid_t kClock = CLOCK_BOOTTIME;
#else
  constexpr clockid_t kClock = CLOCK_MONOTONIC;
#endif
  timespec now = {};
  ::clock_gettime(kClock, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

std::optional<uint64_t> address_space_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return limit.rlim_cur;
}

std::optional<ControlGroup> control_group() {
  std::istringstream groups(system_file("/proc/self/cgroup").value_or(""));
  for (std::string line; std::getline(groups, line);) {
    if (!line.starts_with("0::/")) continue;
    ControlGroup group{.folder = "/sys/fs/cgroup" + line.substr(3), .controllers = {}};
    const auto controllers = system_file(group.folder + "/cgroup.controllers");
    if (!controllers) return std::nullopt;
    std::istringstream names(*controllers);
    group.controllers.assign(std::istream_iterator<std::string>(names), {});
    group.writable = may_write(group.folder) && may_write(group.folder + "/cgroup.subtree_control");
    return group;
  }
  return std::nullopt;
}

}  // namespace berth
