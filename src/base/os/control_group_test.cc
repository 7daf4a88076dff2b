// SPDX-License-Identifier: Apache-2.0
// What is read and written, in folders laid out as the kernel's. What the kernel makes of it is tried with
// the real one, in tests/groups/run.py.
#include "base/os/control_group.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/testing.h"

namespace berth {
namespace {

/// A folder with files as a group has them.
struct Group {
  Group(std::initializer_list<std::pair<const char*, const char*>> files) {
    for (const auto& [name, text] : files) std::ofstream(folder.at(name)) << text;
  }
  std::string text(const char* name) const {
    std::ifstream file(folder.at(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  bool has(const char* name) const {
    return std::filesystem::exists(folder.at(name));
  }

  TestFolder folder;
};

TEST_CASE("a group's folder lies below where cgroup v2 is mounted, wherever that is") {
  const auto folder = [](const char* mounts, const char* groups) {
    return group_folder(mounts, groups).value_or("none");
  };
  constexpr const char* kAlone = "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:4 - cgroup2 cgroup2 rw\n";
  constexpr const char* kBeside =
      "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
      "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
      "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
  constexpr const char* kOfAContainer = "41 31 0:38 /box/7 /sys/fs/cgroup\\040v2 ro - cgroup2 cgroup2 rw\n";
  CHECK(folder(kAlone, "0::/\n") == "/sys/fs/cgroup");
  CHECK(folder(kAlone, "0::/user.slice/run-1.scope\n") == "/sys/fs/cgroup/user.slice/run-1.scope");
  CHECK(folder(kBeside, "1:cpu:/elsewhere\n0::/a\n") == "/sys/fs/cgroup/unified/a");
  CHECK(folder(kOfAContainer, "0::/box/7/a\n") == "/sys/fs/cgroup v2/a");
  CHECK(folder(kOfAContainer, "0::/box/7\n") == "/sys/fs/cgroup v2");
  // Out of sight.
  CHECK(folder(kOfAContainer, "0::/box/77\n") == "none");
  CHECK(folder(kAlone, "0::/../other\n") == "none");
  CHECK(folder(kAlone, "1:cpu:/a\n") == "none");
  CHECK(folder("31 23 0:28 / /sys/fs/cgroup rw - tmpfs cgroup2 rw\nno line\n", "0::/\n") == "none");
  CHECK(folder("", "") == "none");
}

TEST_CASE("limits are written as the kernel reads them") {
  const Group group({{"cpu.max", "max 100000\n"},
                     {"memory.max", "max\n"},
                     {"memory.oom.group", "0\n"},
                     {"pids.max", "max\n"}});
  const GroupLimits limits{.cpu_basis_points = 15'050, .memory_bytes = 64 << 20, .tasks = 48};
  CHECK(limit_group(group.folder.path(), limits).has_value());
  CHECK(group.text("cpu.max") == "1505000 1000000");
  CHECK(group.text("memory.max") == "67108864");
  CHECK(group.text("memory.oom.group") == "1");
  CHECK(group.text("pids.max") == "48");
}

TEST_CASE("what has no bound stays as it was") {
  const Group group({{"cpu.max", "max 100000\n"}, {"pids.max", "max\n"}});
  CHECK(limit_group(group.folder.path(), {}).has_value());
  CHECK(group.text("cpu.max") == "max 100000\n");
  CHECK(group.text("pids.max") == "max\n");
}

TEST_CASE("a limit that can't be written is named, and the others are written") {
  const Group group({{"memory.max", "max\n"}, {"memory.oom.group", "0\n"}});
  const auto done = limit_group(group.folder.path(), {.memory_bytes = 7, .tasks = 8});
  REQUIRE(!done);
  CHECK(done.error().code == ErrorCode::kUnavailable);
  CHECK(done.error().message == group.folder.at("pids.max") + ": No such file or directory");
  CHECK(group.text("memory.max") == "7");
}

TEST_CASE("a group's weight is what its processes' nice would be") {
  const auto nice_of = [](const char* before, int nice, Weighing how) {
    const Group group({{"cpu.weight.nice", before}});
    weigh_group(group.folder.path(), {.nice = nice}, how);
    return std::stoi(group.text("cpu.weight.nice"));
  };
  CHECK(nice_of("0\n", 5, Weighing::kAny) == 5);
  CHECK(nice_of("10\n", 5, Weighing::kAny) == 5);
  CHECK(nice_of("0\n", 5, Weighing::kOnlyLess) == 5);
  CHECK(nice_of("10\n", 5, Weighing::kOnlyLess) == 10);
  CHECK(nice_of("-5\n", 0, Weighing::kOnlyLess) == 0);
}

TEST_CASE("a group whose disks may wait weighs least, by whichever scheduler there is") {
  const Group with_bfq({{"io.weight", "default 100\n"}, {"io.bfq.weight", "default 100\n"}});
  weigh_group(with_bfq.folder.path(), {.nice = 5, .idle_io = true}, Weighing::kAny);
  CHECK(with_bfq.text("io.weight") == "1");
  CHECK(with_bfq.text("io.bfq.weight") == "1");
  CHECK(!with_bfq.has("cpu.weight.nice"));

  const Group usual({{"io.weight", "default 100\n"}});
  weigh_group(usual.folder.path(), {.nice = 5, .idle_io = false}, Weighing::kAny);
  CHECK(usual.text("io.weight") == "default 100\n");
  CHECK(!usual.has("io.bfq.weight"));
}

TEST_CASE("what a group has in memory is read") {
  CHECK(group_memory(Group({{"memory.current", "123456789\n"}}).folder.path()) == 123'456'789);
  CHECK(group_memory(Group({}).folder.path()) == 0);
}

TEST_CASE("no leaf is taken where none can be made") {
  const ControlGroup group{.folder = "/nowhere", .own_folder = "/nowhere"};
  const auto leaf = ControlLeaf::take(group);
  REQUIRE(!leaf);
  CHECK(leaf.error().message.starts_with("making the group /nowhere/berth-"));
}

}  // namespace
}  // namespace berth
