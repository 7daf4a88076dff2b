// SPDX-License-Identifier: Apache-2.0
#pragma once
// Volumes: folders that berth keeps for modules, by name (`files @notes`). One lies in the user's state
// folder, at `volumes/NAME/data`, closed to other users; it is made when it is first granted for writing, and
// lasts until somebody removes it. `volumes/NAME` was last changed when the volume was last used.
//
// A run holds a shared lock of `volumes/NAME`, so that nobody removes what it uses. That only one run at a
// time writes to a volume is the ledger's doing (see storage.h), since each volume is bounded.
//
// Blocks. Any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/os/folder_lock.h"
#include "base/os/tree.h"
#include "base/result.h"
#include "policy/policy.h"

namespace berth::host {

struct Volume {
  std::string name;
  std::string path;              // where its data lies
  std::optional<TreeSize> size;  // nothing where it changes too fast to be counted
  int64_t used_unix_seconds = 0;
  bool in_use = false;
};

class Volumes {
 public:
  explicit Volumes(const std::string& state_folder);

  /// Says where the volumes of an anchored policy lie, making those that it may write to. They stay while the
  /// locks do. kNotFound for one to read that isn't there; kInvalidArgument for a host path that lies among
  /// the volumes, which their names are for.
  Result<std::vector<FolderLock>> open(policy::Policy& policy) const;

  /// What a person should know of grants of host paths: a line for each that shows the volumes as well.
  std::vector<std::string> shown_by(const policy::Policy& policy) const;

  /// By name.
  Result<std::vector<Volume>> list() const;

  /// All of them or none, each named once: kNotFound for one that isn't there, kUnavailable for one in use.
  Result<void> remove(const std::vector<std::string>& names) const;

  /// Where they lie; no guest's host path leads into it.
  const std::string& folder() const {
    return folder_;
  }

 private:
  std::string place_of(const std::string& name) const {
    return folder_ + "/" + name;
  }
  Result<FolderLock> hold(const policy::FilesGrant& grant) const;
  std::vector<std::string> names() const;
  Error not_there(const std::string& name) const;
  void sweep() const;

  const std::string state_folder_;
  const std::string folder_;
};

}  // namespace berth::host
