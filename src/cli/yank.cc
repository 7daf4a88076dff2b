// SPDX-License-Identifier: Apache-2.0
// berth yank: a name that nothing new should use.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/options.h"
#include "registry/name.h"
#include "registry/store.h"

namespace berth::cli {
namespace {

Result<int> yank(const std::string& text, bool undo, bool as_json) {
  const std::string name = to_text(BERTH_TRY(registry::parse_name(text)));
  const registry::Store store = BERTH_TRY(registry::Store::open_users());
  auto record = BERTH_TRY(store.record(name));
  if (!record)
    return fail(ErrorCode::kNotFound,
                fmt::format("'{}' isn't in the store: 'berth list' shows what is", name));
  const auto held = BERTH_TRY(store.find(record->module));
  record->yanked = !undo;
  BERTH_TRY_VOID(store.put(*record));
  if (as_json) return print_json({{"name", name}, {"yanked", record->yanked}});
  return print(fmt::format("{} is {}\n", name, undo ? "yanked no more" : "yanked"));
}

}  // namespace

int yank_verb(const Arguments& arguments) {
  CLI::App app(
      "Marks a name of this store as one that nothing new should use: 'berth search' doesn't find it any "
      "more. Whoever "
      "uses it by\n"
      "its name goes on, and is told. It goes for this store alone, until its name stands for another "
      "module.\n",
      "berth yank");
  std::string name;
  bool undo = false;
  bool as_json = false;
  app.add_option("NAME", name, "as 'berth list' shows it")->required();
  app.add_flag("--undo", undo, "it isn't yanked any more");
  app.add_flag("--json", as_json, "one JSON object");
  app.footer("\nFor example:\n\n  berth yank oci://ghcr.io/shop/price:1.2\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(yank(name, undo, as_json), style_of(as_json));
}

}  // namespace berth::cli
