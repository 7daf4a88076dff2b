// SPDX-License-Identifier: Apache-2.0
#include "engine/ledger.h"

#include <limits>

#include "engine/abi_values.h"

namespace berth::engine {
namespace {

constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

berth_quota abi_quota(const Quota& quota) {
  return {.bytes = quota.bytes.value_or(kNoLimit), .files = quota.files.value_or(kNoLimit)};
}

Stored stored(const berth_stored& abi) {
  return {.bytes = abi.bytes,
          .files = abi.files,
          .peak_bytes = abi.peak_bytes,
          .peak_files = abi.peak_files,
          .refused_bytes = abi.refused_bytes,
          .refused_files = abi.refused_files};
}

}  // namespace

Result<std::unique_ptr<Ledger>> Ledger::open(const std::vector<Account>& accounts, Quota total) {
  std::vector<berth_account> folders;
  for (const Account& account : accounts) {
    folders.push_back({.host_path = slice(account.host_path), .quota = abi_quota(account.quota)});
  }
  OwnedBytes error;
  berth_ledger* ledger = nullptr;
  const int32_t code =
      berth_ledger_open(folders.data(), folders.size(), abi_quota(total), &ledger, error.out());
  if (code != 0) return abi_error(code, error);
  return std::make_unique<Ledger>(ledger);
}

Ledger::~Ledger() {
  berth_ledger_free(ledger_);
}

Stored Ledger::total() const {
  return stored(berth_ledger_total(ledger_));
}

Stored Ledger::account(size_t index) const {
  return stored(berth_ledger_account(ledger_, index));
}

}  // namespace berth::engine
