// SPDX-License-Identifier: Apache-2.0
// berth list: what is in the store.

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/options.h"
#include "cli/store_table.h"

namespace berth::cli {
namespace {

Result<int> list(bool as_json) {
  const registry::Store store = BERTH_TRY(registry::Store::open_users());
  const auto records = BERTH_TRY(store.records());
  if (as_json) return print_json(json_of(records, store));
  if (records.empty()) return print("the store is empty: 'berth pull' brings modules\n");
  return print(table_of(records, store) +
               fmt::format("{} in all, {} on the disk\n", records.size(), format_bytes(store.size())));
}

}  // namespace

int list_verb(const Arguments& arguments) {
  CLI::App app("Lists the modules that were pulled: name, digest, size and last use.\n", "berth list");
  bool as_json = false;
  app.add_flag("--json", as_json, "one JSON array");
  app.footer("\nFor example:\n\n  berth list --json\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(list(as_json), style_of(as_json));
}

}  // namespace berth::cli
