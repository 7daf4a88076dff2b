// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a module stores in the folders that it may write to, held against its limits.
//
// A grant's own `quota=` and `files=` bound that folder; the limits `storage` and `storage.files` bound all
// folders that the module may write to together. What lies in them already counts. A bound in bytes that
// comes without one in files brings its own, `files_for`, since an empty file takes room as well.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/guest.h"
#include "engine/ledger.h"
#include "policy/policy.h"

namespace berth::host {

/// A bound, and what is stored.
struct StorageUse {
  engine::Quota quota;
  engine::Stored stored;
};

struct FolderUse : StorageUse {
  std::string host_path;
  std::string guest_path;
};

struct StorageReport {
  StorageUse total;
  std::vector<FolderUse> folders;
};

/// How many files a bound in bytes leaves room for, where nothing else says it: one for each 4 KiB, and
/// 1,000.
uint64_t files_for(uint64_t bytes);

/// The quota that a bound in bytes, one in files or both are.
engine::Quota quota_of(std::optional<uint64_t> bytes, std::optional<uint64_t> files);

class Storage {
 public:
  /// For the folders that an anchored policy opens; nothing where none of them is bounded. To be called
  /// before the second wall is up: it looks at what lies above them. kInvalidArgument: two folders overlap,
  /// so that what is stored in them can't be told apart.
  static Result<std::unique_ptr<Storage>> open(const policy::Policy& policy);

  /// For a guest of the same policy: its folders are counted from now on. Outlives the guest's call.
  void lend(engine::Guest& guest) const;

  StorageReport report() const;

 private:
  Storage() = default;

  engine::Quota total_;
  std::vector<FolderUse> folders_;
  std::unique_ptr<engine::Ledger> ledger_;
};

/// What there was no room for and how to make some, a line for each bound that was met.
std::vector<std::string> explain_storage(const StorageReport& report, const policy::Effective& effective);

}  // namespace berth::host
