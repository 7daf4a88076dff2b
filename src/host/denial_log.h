// SPDX-License-Identifier: Apache-2.0
#pragma once
// The denial log: what each run of each module was refused, kept for `berth why`.
//
// One file of JSON lines, one line a run that was refused something, appended in one write so that runs at
// the same time don't mix and a kill leaves at most a line that is skipped. When the file outgrows
// `kLargest` it becomes the one older file. Blocks; any thread, any number of processes.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "host/denials.h"

namespace berth::host {

struct DenialRecord {
  int64_t unix_seconds = 0;
  std::string module;  // its file's name
  std::string digest;  // "sha256:…"
  std::vector<Denial> denials;
  uint64_t unlisted = 0;
};

class DenialLog {
 public:
  static constexpr uint64_t kLargest = 4 << 20;

  /// In a folder of its own below the state folder, made when something is first written.
  explicit DenialLog(const std::string& state_folder) : folder_(state_folder + "/denials") {}

  /// Nothing else is written there: a guest's process needs no more of the state folder than this.
  const std::string& folder() const {
    return folder_;
  }

  Result<void> append(const DenialRecord& record) const;

  /// All that is kept, the oldest first. Lines that can't be read are skipped.
  Result<std::vector<DenialRecord>> read() const;

 private:
  std::string path() const {
    return folder_ + "/denials.jsonl";
  }
  std::string older_path() const {
    return folder_ + "/denials.1.jsonl";
  }

  const std::string folder_;
};

}  // namespace berth::host
