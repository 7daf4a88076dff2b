// SPDX-License-Identifier: Apache-2.0
// berth rm: names out of the store.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/options.h"
#include "registry/name.h"
#include "registry/store.h"

namespace berth::cli {
namespace {

Result<int> remove(const std::vector<std::string>& names, bool as_json) {
  const registry::Store store = BERTH_TRY(registry::Store::open_users());
  std::vector<std::string> removed;
  for (const std::string& text : names) {
    const std::string name = to_text(BERTH_TRY(registry::parse_name(text)));
    if (!BERTH_TRY(store.remove(name)))
      return fail(ErrorCode::kNotFound,
                  fmt::format("'{}' isn't in the store: 'berth list' shows what is", name));
    removed.push_back(name);
  }
  if (as_json) return print_json({{"removed", removed}});
  return print(removed.size() == 1 ? "1 name removed\n" : fmt::format("{} names removed\n", removed.size()));
}

}  // namespace

int rm_verb(const Arguments& arguments) {
  CLI::App app(
      "Removes names from the store, and each module with the last of its names. What runs goes on; its file "
      "goes with "
      "the next\n"
      "'berth gc'.\n",
      "berth rm");
  std::vector<std::string> names;
  bool as_json = false;
  app.add_option("NAME", names, "as 'berth list' shows it")->required();
  app.add_flag("--json", as_json, "one JSON object");
  app.footer("\nFor example:\n\n  berth rm oci://ghcr.io/shop/price:1.2\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(remove(names, as_json), style_of(as_json));
}

}  // namespace berth::cli
