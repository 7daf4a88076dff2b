// SPDX-License-Identifier: Apache-2.0
#include "base/os/control_group.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "base/leading_number.h"
#include "base/os/machine.h"

#ifdef __linux__
#include <sys/xattr.h>
#endif

namespace berth {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLeafName = "berth-";
constexpr std::array<std::string_view, 4> kControllers{"cpu", "memory", "io", "pids"};
constexpr uint64_t kPeriodMicroseconds = 1'000'000;  // the longest that the kernel takes

/// The pieces of a text between spaces and ends of lines; streams would cost each start more than the kernel.
std::vector<std::string> words_of(std::string_view text) {
  constexpr std::string_view kBetween = " \n";
  std::vector<std::string> words;
  for (size_t at = text.find_first_not_of(kBetween); at < text.size();) {
    const size_t end = std::min(text.find_first_of(kBetween, at), text.size());
    words.emplace_back(text.substr(at, end - at));
    at = text.find_first_not_of(kBetween, end);
  }
  return words;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// 0, or the number of the error.
int put(int file, std::string_view value) {
  return ::write(file, value.data(), value.size()) < 0 ? errno : 0;
}

int put(const std::string& path, std::string_view value) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  return file.opened() ? put(file.get(), value) : errno;
}

std::vector<pid_t> members_of(const std::string& folder) {
  std::vector<pid_t> members;
  for (const std::string& word : words_of(system_file(folder + "/cgroup.procs").value_or(""))) {
    members.push_back(leading_number<pid_t>(word).value_or(0));
  }
  return members;
}

/// 0 where it can't be known.
pid_t parent_of(pid_t process) {
  const std::string stat = system_file(fmt::format("/proc/{}/stat", process)).value_or("");
  // The program's name stands in parentheses, and may have some itself; its state comes between.
  const size_t name_end = stat.rfind(") ");
  if (name_end == std::string::npos || stat.size() < name_end + 4) return 0;
  return leading_number<pid_t>(std::string_view(stat).substr(name_end + 4)).value_or(0);
}

/// This process, or one that it or a child of its forked.
bool is_ours(pid_t process) {
  const pid_t own = ::getpid();
  while (process > 1 && process != own) process = parent_of(process);
  return process == own;
}

/// One that isn't ours: most often who started this one.
std::optional<pid_t> foreign_in(const std::vector<pid_t>& members) {
  if (std::ranges::find(members, ::getppid()) != members.end()) return ::getppid();
  const auto other = std::ranges::find_if_not(members, is_ours);
  return other == members.end() ? std::nullopt : std::optional(*other);
}

/// The number of the process that a leaf of ours was made for.
std::optional<pid_t> owner_of_leaf(std::string_view name) {
  if (!name.starts_with(kLeafName)) return std::nullopt;
  return leading_number<pid_t>(name.substr(kLeafName.size()));
}

bool is_leaf(const std::string& name) {
  const auto owner = owner_of_leaf(name);
  return owner && name == fmt::format("{}{}", kLeafName, *owner);
}

bool is_systemd_unit(const fs::path& folder) {
  return folder.extension() == ".service" || folder.extension() == ".scope";
}

/// Whether a group is left to itself. Where systemd runs the machine, being able to write isn't enough: all
/// groups of a user's own units can be written, and those of the root user's anyway. It marks what it
/// delegates (systemd 250 and later for everybody to see).
bool is_delegated([[maybe_unused]] const std::string& folder) {
#ifdef __linux__
  if (::access("/run/systemd/system", F_OK) != 0) return true;
  fs::path unit = folder;
  while (unit.has_relative_path() && !is_systemd_unit(unit)) unit = unit.parent_path();
  if (!unit.has_relative_path()) return true;
  const auto marked = [&](const char* name) {
    char value = 0;
    return ::getxattr(unit.c_str(), name, &value, 1) == 1 && value == '1';
  };
  return marked("user.delegate") || marked("trusted.delegate");
#else
  return false;
#endif
}

std::string lacking_in(const ControlGroup& group) {
  for (const char* file : {"", "/cgroup.procs", "/cgroup.subtree_control"}) {
    if (!may_write(group.folder + file)) return "this user may not write to it";
  }
  const std::vector<pid_t> members = members_of(group.folder);
  const bool entered = group.own_folder != group.folder;
  const bool in_it = std::ranges::find(members, ::getpid()) != members.end();
  if (!in_it && !entered) return "it doesn't list this process";
  if (const auto other = foreign_in(members)) return fmt::format("process {} is in it, too", *other);
  if (!is_delegated(group.folder)) return "systemd hasn't delegated it";
  return "";
}

/// Spaces and the like stand in mountinfo as \040.
std::string unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned code = 0;
    if (text[i] == '\\' && i + 3 < text.size() &&
        std::from_chars(&text[i] + 1, &text[i] + 4, code, 8).ec == std::errc()) {
      out += static_cast<char>(code);
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// The path of this process's group of version 2, within all that there are.
std::optional<std::string> path_in(std::string_view groups) {
  for (const std::string_view line : lines_of(groups)) {
    // One that begins with /.. lies outside of what this process may see.
    if (line.starts_with("0::/") && !line.starts_with("0::/..")) return std::string(line.substr(3));
  }
  return std::nullopt;
}

/// Of "100", or of "default 100" and what holds for single disks.
std::string weight_in(const Descriptor& file) {
  std::array<char, 256> text{};
  const ssize_t bytes = ::pread(file.get(), text.data(), text.size(), 0);
  const auto words = words_of({text.data(), bytes > 0 ? static_cast<size_t>(bytes) : 0});
  const size_t at = !words.empty() && words.front() == "default" ? 1 : 0;
  return words.size() > at ? words[at] : "";
}

/// A group's folder, of where the tree is mounted and the path within.
std::string joined(std::string point, const std::string& path) {
  point += path;
  while (point.size() > 1 && point.ends_with('/')) point.pop_back();
  return point;
}

/// Where most systems have it: to look there costs less than the list of all mounts.
std::optional<std::string> usual_folder(const std::string& path) {
  for (const char* point : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    std::string folder = joined(point, path);
    if (::access((folder + "/cgroup.subtree_control").c_str(), F_OK) == 0) return folder;
  }
  return std::nullopt;
}

uint64_t quota_microseconds(uint64_t basis_points) {
  return basis_points * kPeriodMicroseconds / 10'000;
}

/// One that isn't empty stays.
void remove_group(const std::string& folder) {
  std::ignore = ::rmdir(folder.c_str());
}

/// Leaves whose processes have ended. One that holds a process can't be removed anyway; one that was just
/// made is left to who made it.
void remove_left(const std::string& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const auto owner = owner_of_leaf(entry.path().filename().string());
    if (owner && ::kill(*owner, 0) != 0 && errno == ESRCH) remove_group(entry.path());
  }
}

}  // namespace

bool ControlGroup::has(std::string_view controller) const {
  return std::ranges::find(controllers, controller) != controllers.end();
}

std::optional<std::string> group_folder(std::string_view mounts, std::string_view groups) {
  const auto path = path_in(groups);
  if (!path) return std::nullopt;
  for (const std::string_view line : lines_of(mounts)) {
    // "31 23 0:28 ROOT POINT options [more] - TYPE …"
    const size_t end = line.find(" - ");
    if (end == std::string_view::npos || !line.substr(end + 3).starts_with("cgroup2 ")) continue;
    const auto fields = words_of(line.substr(0, end));
    if (fields.size() < 5) continue;
    const std::string root = fields[3] == "/" ? "" : unescaped(fields[3]);
    if (!path->starts_with(root) || (path->size() > root.size() && (*path)[root.size()] != '/')) continue;
    return joined(unescaped(fields[4]), path->substr(root.size()));
  }
  return std::nullopt;
}

std::optional<ControlGroup> control_group() {
  const std::string groups = system_file("/proc/self/cgroup").value_or("");
  const auto path = path_in(groups);
  if (!path) return std::nullopt;
  auto folder = usual_folder(*path);
  if (!folder) folder = group_folder(system_file("/proc/self/mountinfo").value_or(""), groups);
  if (!folder) return std::nullopt;
  ControlGroup group{.folder = *folder, .controllers = {}, .own_folder = *folder, .lacking = ""};
  // A berth that another one started, whose leaf it was born in, takes one beside it.
  const fs::path own(group.own_folder);
  if (is_leaf(own.filename().string())) group.folder = own.parent_path().string();
  group.lacking = lacking_in(group);
  if (group.lacking.empty()) {
    group.controllers = words_of(system_file(group.folder + "/cgroup.controllers").value_or(""));
  }
  return group;
}

void weigh_group(const std::string& folder, const GroupWeight& weight, Weighing how) {
  const bool only_less = how == Weighing::kOnlyLess;
  const std::string nice_file = folder + "/cpu.weight.nice";
  const auto nice = leading_number<int>(system_file(nice_file).value_or(""));
  if (nice && (!only_less || *nice < weight.nice))
    std::ignore = put(nice_file, fmt::format("{}", weight.nice));
  if (!weight.idle_io) return;
  for (const char* file : {"/io.weight", "/io.bfq.weight"}) std::ignore = put(folder + file, "1");
}

Result<void> limit_group(const std::string& folder, const GroupLimits& limits) {
  std::vector<std::string> wrong;
  const auto set = [&](const char* file, const std::string& value) {
    const int error = put(folder + file, value);
    if (error != 0) wrong.push_back(fmt::format("{}{}: {}", folder, file, std::strerror(error)));
  };
  if (limits.cpu_basis_points) {
    set("/cpu.max", fmt::format("{} {}", quota_microseconds(*limits.cpu_basis_points), kPeriodMicroseconds));
  }
  if (limits.memory_bytes) {
    set("/memory.oom.group", "1");
    set("/memory.max", fmt::format("{}", *limits.memory_bytes));
  }
  if (limits.tasks) set("/pids.max", fmt::format("{}", *limits.tasks));
  if (wrong.empty()) return {};
  return fail(ErrorCode::kUnavailable, fmt::format("{}", fmt::join(wrong, "; ")));
}

uint64_t group_memory(const std::string& folder) {
  return leading_number<uint64_t>(system_file(folder + "/memory.current").value_or("")).value_or(0);
}

ControlLeaf::ControlLeaf(const ControlGroup& group)
    : group_(group),
      folder_(fmt::format("{}/{}{}", group.folder, kLeafName, ::getpid())),
      members_(::open((group.folder + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC)),
      switches_(::open((group.folder + "/cgroup.subtree_control").c_str(), O_WRONLY | O_CLOEXEC)) {}

Result<std::unique_ptr<ControlLeaf>> ControlLeaf::take(const ControlGroup& group) {
  remove_left(group.folder);
  std::unique_ptr<ControlLeaf> leaf(new ControlLeaf(group));
  BERTH_TRY_VOID(leaf->enter());
  leaf->turn_controllers_on();
  return leaf;
}

ControlLeaf::~ControlLeaf() {
  give_back();
}

Result<void> ControlLeaf::enter() {
  const auto wrong = [](std::string_view what, int error) {
    return fail(ErrorCode::kUnavailable, fmt::format("{}: {}", what, std::strerror(error)));
  };
  const auto made = [](const std::string& folder) {
    return ::mkdir(folder.c_str(), 0755) == 0 || errno == EEXIST;
  };
  if (!made(folder_)) return wrong("making the group " + folder_, errno);
  entered_ = true;
  const pid_t own = ::getpid();
  // Those that were forked before, and what they fork meanwhile.
  for (int round = 0; round < 8; ++round) {
    std::vector<pid_t> members = members_of(group_.own_folder);
    std::erase_if(members, [&](pid_t member) { return member == own || !is_ours(member); });
    if (members.empty()) break;
    companions_ = folder_ + "-companions";
    if (!made(companions_)) return wrong("making the group " + companions_, errno);
    for (const pid_t member : members) {
      // One that has ended isn't there any more.
      const int error = put(companions_ + "/cgroup.procs", fmt::format("{}", member));
      if (error != 0 && error != ESRCH) return wrong("moving into the group " + companions_, error);
    }
  }
  if (const int error = put(folder_ + "/cgroup.procs", "0"); error != 0) {
    return wrong("moving into the group " + folder_, error);
  }
  return {};
}

void ControlLeaf::turn_controllers_on() {
  for (const std::string_view controller : kControllers) {
    // One at a time: what one of them lacks the others don't.
    if (group_.has(controller) && put(switches_.get(), fmt::format("+{}", controller)) == 0) {
      controllers_.emplace_back(controller);
    }
  }
}

void ControlLeaf::weigh(const GroupWeight& weight) {
  weigh_group(folder_, weight, Weighing::kAny);
  if (group_.own_folder != group_.folder) return;  // who took it first has done that
  for (const char* name : {"/cpu.weight", "/io.weight", "/io.bfq.weight"}) {
    Descriptor file(::open((group_.folder + name).c_str(), O_RDWR | O_CLOEXEC));
    if (file.opened()) before_.push_back({.value = weight_in(file), .file = std::move(file)});
  }
  weigh_group(group_.folder, weight, Weighing::kOnlyLess);
  std::erase_if(before_, [](const Before& before) { return weight_in(before.file) == before.value; });
}

void ControlLeaf::give_back() {
  if (!entered_) return;
  entered_ = false;
  // Beside another berth there is no way back, as the controllers stay on for it.
  if (group_.own_folder == group_.folder) {
    for (const std::string& controller : controllers_) {
      std::ignore = put(switches_.get(), fmt::format("-{}", controller));
    }
    for (const Before& before : before_) std::ignore = put(before.file.get(), before.value);
    for (const pid_t member : companions_.empty() ? std::vector<pid_t>() : members_of(companions_)) {
      std::ignore = put(members_.get(), fmt::format("{}", member));
    }
    std::ignore = put(members_.get(), "0");
  }
  if (!companions_.empty()) remove_group(companions_);
  remove_group(folder_);
}

}  // namespace berth
