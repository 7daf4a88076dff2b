// SPDX-License-Identifier: Apache-2.0
// berth show: what the store knows of a name.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/needs.h"
#include "cli/options.h"
#include "cli/store_table.h"
#include "policy/printable.h"
#include "registry/name.h"

namespace berth::cli {
namespace {

std::string text_of(const registry::Record& record, const registry::Store& store,
                    const registry::Facts& facts) {
  std::string text = fmt::format(
      "{}\n  digest    {}\n  manifest  {}\n  size      {} ({} bytes)\n  pulled    {}\n  last used {}\n  kind "
      "     {}\n",
      record.name, record.module.text(), record.manifest ? record.manifest->text() : "none",
      format_bytes(record.size), record.size, local_time(record.pulled),
      local_time(store.used(record.module)), facts.component ? "component" : "core module");
  if (record.pinned) text += "  pinned: it stays when the store needs room\n";
  if (record.yanked) text += "  yanked: 'berth search' doesn't find it\n";
  if (!facts.wrong.empty()) text += fmt::format("  it can't be read: {}\n", facts.wrong);
  for (const auto& [key, value] : record.annotations)
    text += fmt::format("  {}: {}\n", policy::printable(key), policy::printable(value));
  text +=
      fmt::format("  needs     {}\n",
                  facts.needs.empty() ? "no capability" : fmt::format("{}", fmt::join(facts.needs, ", ")));
  for (const std::string& import : facts.imports) text += fmt::format("  imports   {}\n", import);
  for (const std::string& exported : facts.exports) text += fmt::format("  exports   {}\n", exported);
  return text;
}

Result<int> show(const std::string& text, bool as_json) {
  const auto name = BERTH_TRY(registry::parse_name(text));
  const registry::Store store = BERTH_TRY(registry::Store::open_users());
  const auto record = BERTH_TRY(store.record(to_text(name)));
  if (!record)
    return fail(ErrorCode::kNotFound,
                fmt::format("'{}' isn't in the store: 'berth list' shows what is", to_text(name)));
  const auto facts = registry::facts_of(store, record->module, describe);
  if (!facts)
    return fail(
        ErrorCode::kInvalidModule,
        fmt::format("what the store has of '{0}' is spoilt or missing: 'berth pull {0}' brings it again",
                    record->name));
  if (!as_json) return print(text_of(*record, store, *facts));
  nlohmann::json whole = json_of(*record, store);
  whole["annotations"] = record->annotations;
  whole["component"] = facts->component;
  whole["imports"] = facts->imports;
  whole["exports"] = facts->exports;
  whole["capabilities"] = facts->needs;
  whole["path"] = store.blob_path(record->module);
  return print_json(whole);
}

}  // namespace

int show_verb(const Arguments& arguments) {
  CLI::App app("Shows what the store knows of a name: digests, times, what its module needs and offers.\n",
               "berth show");
  std::string name;
  bool as_json = false;
  app.add_option("NAME", name, "as 'berth list' shows it")->required();
  app.add_flag("--json", as_json, "one JSON object");
  app.footer("\nFor example:\n\n  berth show oci://ghcr.io/shop/price:1.2\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(show(name, as_json), style_of(as_json));
}

}  // namespace berth::cli
