// SPDX-License-Identifier: Apache-2.0
#pragma once
// What modules store, counted to the byte in each of some folders and in all of them together, and held
// against a limit. Counted are the apparent sizes of regular files, each file once whatever its names, and
// the number of files of any kind, folders and links too.
//
// While a ledger lives its folders are locked: no other ledger, of any process, counts them, or one above or
// below them. Any thread.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

struct berth_ledger;

namespace berth::engine {

/// The most that may be stored; what is absent doesn't bind.
struct Quota {
  std::optional<uint64_t> bytes;
  std::optional<uint64_t> files;

  bool operator==(const Quota&) const = default;
};

/// What is stored, and the most that was.
struct Stored {
  uint64_t bytes = 0;
  uint64_t files = 0;
  uint64_t peak_bytes = 0;
  uint64_t peak_files = 0;
  uint64_t refused_bytes = 0;  // how often there was no room for bytes
  uint64_t refused_files = 0;  // the same, for files or their names
};

/// A folder that is counted, as an account of its own.
struct Account {
  std::string host_path;
  Quota quota;
};

class Ledger {
 public:
  /// Walks through the folders, none of which lies in another: as slow as that is. kUnavailable: one of them
  /// is being counted already, or can't be read or locked.
  static Result<std::unique_ptr<Ledger>> open(const std::vector<Account>& accounts, Quota total);

  explicit Ledger(berth_ledger* ledger) : ledger_(ledger) {}
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;
  /// The folders stay locked until the last call that was lent it has ended.
  ~Ledger();

  Stored total() const;
  /// By its place among the accounts.
  Stored account(size_t index) const;

  const berth_ledger* abi() const {
    return ledger_;
  }

 private:
  berth_ledger* const ledger_;
};

}  // namespace berth::engine
