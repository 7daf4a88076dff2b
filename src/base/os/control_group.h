// SPDX-License-Identifier: Apache-2.0
#pragma once
// The control group (cgroup v2) that this process runs in, and a group of its own below it, in which the
// kernel holds limits for the whole process.
//
// A group may be used when it is delegated to this user and holds no other process: then this process moves
// into a leaf below, because a group whose controllers are on for those below can't hold processes itself.
// What the leaf's limits are is said by others. Linux; elsewhere there is none. Main thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/os/descriptor.h"
#include "base/result.h"

namespace berth {

/// The group that this process may make a leaf in.
struct ControlGroup {
  std::string folder;
  std::vector<std::string> controllers;  // that groups below it can have, where there is a leaf to be had
  std::string own_folder;                // where this process is: `folder`, or a leaf of a berth's in it
  std::string lacking;                   // why there is no leaf to be had; "" where there is

  bool has(std::string_view controller) const;
};

/// Looks without changing anything. Nothing where there is no cgroup v2, or this process isn't in it.
std::optional<ControlGroup> control_group();

/// The folder of this process's group, by what `/proc/self/mountinfo` and `/proc/self/cgroup` say; nothing
/// where cgroup v2 isn't mounted, or the group lies outside of what is.
std::optional<std::string> group_folder(std::string_view mounts, std::string_view groups);

/// How the kernel is to weigh a group against those beside it.
struct GroupWeight {
  int nice = 0;          // as the scheduler weighs a process of that nice
  bool idle_io = false;  // the least of the disks that there is
};

/// Writes it below `folder`. `kOnlyLess`: where the group weighs less already it stays so. What isn't there,
/// or can't be written, stays as it was.
enum class Weighing { kAny, kOnlyLess };
void weigh_group(const std::string& folder, const GroupWeight& weight, Weighing how);

/// The most that all processes of a group may have; nothing: no bound.
struct GroupLimits {
  std::optional<uint64_t> cpu_basis_points;  // of a core, over a second
  std::optional<uint64_t> memory_bytes;      // past it the kernel ends all of them
  std::optional<uint64_t> tasks;             // processes and threads
};

/// Writes them below `folder`. kUnavailable names the file that can't be written; the others are.
Result<void> limit_group(const std::string& folder, const GroupLimits& limits);

/// What a group has in memory now, files that were read included; 0 where the kernel doesn't tell.
uint64_t group_memory(const std::string& folder);

/// A group that only this process is in, and one for the processes that it forked before, if it did.
class ControlLeaf {
 public:
  /// Moves them there, and turns controllers on. kUnavailable: it couldn't, and all is as it was. Leaves that
  /// ended processes left there are removed.
  static Result<std::unique_ptr<ControlLeaf>> take(const ControlGroup& group);
  ControlLeaf(const ControlLeaf&) = delete;
  ControlLeaf& operator=(const ControlLeaf&) = delete;
  ~ControlLeaf();

  const std::string& folder() const {
    return folder_;
  }
  /// "" where this process had forked none.
  const std::string& companions() const {
    return companions_;
  }
  /// Those of the controllers that are on.
  const std::vector<std::string>& controllers() const {
    return controllers_;
  }

  /// The group's own weight, which is what processes elsewhere feel, is lowered to this where it may be.
  void weigh(const GroupWeight& weight);

  /// Goes back to where it came from, also once no file can be opened any more. The empty leaf stays where
  /// the second wall (wall.h) doesn't let it be removed; the next process to take one removes it.
  void give_back();

 private:
  explicit ControlLeaf(const ControlGroup& group);
  Result<void> enter();
  void turn_controllers_on();

  struct Before {
    std::string value;
    Descriptor file;
  };

  ControlGroup group_;
  std::string folder_;
  std::string companions_;
  std::vector<std::string> controllers_;
  std::vector<Before> before_;  // weights that were lowered
  Descriptor members_;          // cgroup.procs, for the way back
  Descriptor switches_;         // cgroup.subtree_control, the same
  bool entered_ = false;
};

}  // namespace berth
