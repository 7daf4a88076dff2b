// SPDX-License-Identifier: Apache-2.0
#include "cli/store_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/verb.h"

namespace berth::cli {

namespace {

/// A line each, which ends with what `rest` says of it.
std::string lines_of(const std::vector<registry::Record>& records,
                     const std::function<std::string(const registry::Record&)>& rest) {
  size_t widest = 0;
  for (const registry::Record& record : records) widest = std::max(widest, record.name.size());
  std::string text;
  for (const registry::Record& record : records) {
    text += fmt::format("{:<{}}  sha256:{}  {:>9}{}\n", record.name, widest,
                        record.module.hex().substr(0, 12), format_bytes(record.size), rest(record));
  }
  return text;
}

}  // namespace

std::string table_of(const std::vector<registry::Record>& records, const registry::Store& store) {
  return lines_of(records, [&](const registry::Record& record) {
    const int64_t used = store.used(record.module);
    return fmt::format("  {}{}{}", used == 0 ? "missing: pull it again" : local_time(used),
                       record.pinned ? "  pinned" : "", record.yanked ? "  yanked" : "");
  });
}

std::string listing_of(const std::vector<registry::Record>& records, const registry::Store& store) {
  return lines_of(records, [&](const registry::Record& record) {
    return store.used(record.module) == 0 ? "" : "  in the store";
  });
}

nlohmann::json json_of(const registry::Record& record, const registry::Store& store) {
  const int64_t used = store.used(record.module);
  return {{"name", record.name},
          {"digest", record.module.text()},
          {"manifest", record.manifest ? nlohmann::json(record.manifest->text()) : nlohmann::json()},
          {"size_bytes", record.size},
          {"pulled", record.pulled},
          {"used", used == 0 ? nlohmann::json() : nlohmann::json(used)},
          {"pinned", record.pinned},
          {"yanked", record.yanked}};
}

nlohmann::json json_of(const std::vector<registry::Record>& records, const registry::Store& store) {
  nlohmann::json all = nlohmann::json::array();
  for (const registry::Record& record : records) all.push_back(json_of(record, store));
  return all;
}

}  // namespace berth::cli
