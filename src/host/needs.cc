// SPDX-License-Identifier: Apache-2.0
#include "host/needs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/saturating.h"
#include "base/units.h"
#include "host/berthing.h"
#include "host/storage.h"
#include "policy/smaller.h"

namespace berth::host {
namespace {

using policy::FilesGrant;
using Bound = std::optional<uint64_t>;

void add(Bound& sum, const Bound& more) {
  sum = sum && more ? Bound(saturating_sum({*sum, *more})) : std::nullopt;
}

struct Row {
  std::string_view name;
  Bound policy::Limits::* limit;
  Bound Needs::* need;
  bool bytes;
};

constexpr std::array<Row, 4> kRows{{
    {"memory", &policy::Limits::memory_bytes, &Needs::memory_bytes, true},
    {"storage", &policy::Limits::storage_bytes, &Needs::storage_bytes, true},
    {"storage.files", &policy::Limits::storage_files, &Needs::storage_files, false},
    {"network.connections", &policy::Limits::network_connections, &Needs::connections, false},
}};

std::string amount_text(const Row& row, uint64_t amount) {
  return row.bytes ? format_bytes(amount) : fmt::format("{}", amount);
}

std::string exact_text(const Row& row, uint64_t amount) {
  return row.bytes ? exact_bytes(amount) : fmt::format("{}", amount);
}

/// What is set aside for one that runs: all of it, when it was started before the owner set a limit.
uint64_t held_by(const Row& row, const Resident& resident, uint64_t limit) {
  return (resident.set_aside.*row.need).value_or(limit);
}

/// "2 GiB for a.wasm (process 12)", the largest first, and how many there are besides.
std::string who_has_it(const Row& row, std::vector<Resident> residents, uint64_t limit, uint64_t at_rest) {
  constexpr size_t kNamed = 3;
  const auto share = [&](const Resident& resident) { return held_by(row, resident, limit); };
  std::erase_if(residents, [&](const Resident& resident) { return share(resident) == 0; });
  std::ranges::sort(residents, std::greater(), share);
  std::vector<std::string> texts;
  for (const Resident& resident : residents) {
    if (texts.size() == kNamed) {
      texts.push_back(fmt::format("{} more", residents.size() - kNamed));
      break;
    }
    texts.push_back(fmt::format("{} for {} (process {})", amount_text(row, share(resident)), resident.module,
                                resident.process));
  }
  if (at_rest > 0) {
    texts.push_back(
        fmt::format("{} in volumes that nobody uses now ('berth volume list')", amount_text(row, at_rest)));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

}  // namespace

Needs needs_of(const policy::Policy& policy) {
  const policy::Limits& limits = policy.limits;
  Needs needs{.memory_bytes = limits.memory_bytes.value_or(kDefaultMemoryBytes),
              .storage_bytes = 0,
              .storage_files = 0,
              .connections = 0};
  bool stores = false;
  for (const policy::Grant& grant : policy.grants) {
    if (const auto* files = std::get_if<FilesGrant>(&grant.extent)) {
      if (files->access != policy::Access::kReadWrite) continue;
      stores = true;
      const engine::Quota quota = quota_of(files->quota_bytes, files->quota_files);
      add(needs.storage_bytes, quota.bytes);
      add(needs.storage_files, quota.files);
    } else if (const auto* http = std::get_if<policy::HttpOutGrant>(&grant.extent)) {
      if (!policy::stays_inside(*http)) needs.connections = limits.network_connections;
    } else if (std::holds_alternative<policy::SocketOutGrant>(grant.extent) ||
               std::holds_alternative<policy::SocketInGrant>(grant.extent)) {
      needs.connections = limits.network_connections;
    }
  }
  if (stores) {
    const engine::Quota total = quota_of(limits.storage_bytes, limits.storage_files);
    needs.storage_bytes = policy::smaller(needs.storage_bytes, total.bytes);
    needs.storage_files = policy::smaller(needs.storage_files, total.files);
  }
  return needs;
}

std::vector<std::string> shortages(const Needs& needs, const policy::Limits& total,
                                   const std::vector<Resident>& residents, const Needs& at_rest) {
  std::vector<std::string> lines;
  for (const Row& row : kRows) {
    const Bound& limit = total.*row.limit;
    if (!limit) continue;
    const Bound& need = needs.*row.need;
    if (!need) {
      lines.push_back(
          fmt::format("it has no limit '{0}', so nothing can be set aside for it: give it one, as "
                      "in --limit {0}={1}",
                      row.name, exact_text(row, std::max<uint64_t>(*limit / 4, 1))));
      continue;
    }
    const uint64_t resting = (at_rest.*row.need).value_or(0);
    Bound taken = resting;
    for (const Resident& resident : residents) add(taken, held_by(row, resident, *limit));
    const uint64_t left = *limit - std::min(*limit, *taken);
    if (*need <= left) continue;
    const std::string held = *taken == 0 ? "which is all that there is"
                                         : fmt::format("of which {} are left: {}", amount_text(row, left),
                                                       who_has_it(row, residents, *limit, resting));
    const std::string less =
        left == 0 ? "wait until one of them has ended"
                  : fmt::format("give it less, --limit {}={}", row.name, exact_text(row, left));
    lines.push_back(fmt::format("{}: it may have {}, and all modules together have {}, {}; {}", row.name,
                                amount_text(row, *need), amount_text(row, *limit), held, less));
  }
  return lines;
}

}  // namespace berth::host
