// SPDX-License-Identifier: Apache-2.0
// berth gc: room in the store.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/options.h"
#include "registry/registries_file.h"
#include "registry/store.h"

namespace berth::cli {
namespace {

Result<int> collect(const std::string& most, bool as_json) {
  const uint64_t bytes =
      most.empty() ? BERTH_TRY(registry::read_registries()).store_bytes : BERTH_TRY(parse_bytes(most));
  const registry::Store store = BERTH_TRY(registry::Store::open_users());
  const registry::Removed removed = BERTH_TRY(store.collect(bytes));
  const uint64_t left = store.size();
  if (as_json) {
    return print_json({{"removed_bytes", removed.bytes},
                       {"removed_files", removed.blobs},
                       {"removed_names", removed.names},
                       {"bytes", left}});
  }
  std::string text;
  for (const std::string& name : removed.names) text += fmt::format("{} gave way\n", name);
  return print(text +
               fmt::format("{} removed, {} on the disk\n", format_bytes(removed.bytes), format_bytes(left)));
}

}  // namespace

int gc_verb(const Arguments& arguments) {
  CLI::App app(
      "Removes from the store what no name stands for and what was cut off, and then the modules that "
      "weren't used for "
      "the\n"
      "longest time, until the rest takes no more than SIZE. Pinned names and modules in use stay.\n",
      "berth gc");
  std::string most;
  bool as_json = false;
  app.add_option("--keep", most,
                 "how much may stay; unless given what registries.toml says, or 10GiB, as a pull keeps to")
      ->type_name("SIZE");
  app.add_flag("--json", as_json, "one JSON object");
  app.footer("\nFor example:\n\n  berth gc --keep 2GiB\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(collect(most, as_json), style_of(as_json));
}

}  // namespace berth::cli
