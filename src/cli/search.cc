// SPDX-License-Identifier: Apache-2.0
// berth search: modules of the store by their names and by what they import and export.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/needs.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/store_table.h"
#include "policy/capability.h"
#include "registry/index.h"

namespace berth::cli {
namespace {

struct Options {
  std::vector<std::string> words;
  std::string tag;
  std::vector<std::string> exports;
  std::vector<std::string> imports;
  std::string needs_only;
  bool no_needs = false;
  bool yanked = false;
  bool json = false;
};

Result<std::vector<InterfaceName>> interfaces_of(const std::vector<std::string>& texts) {
  std::vector<InterfaceName> interfaces;
  for (const std::string& text : texts) interfaces.push_back(BERTH_TRY(registry::parse_wanted(text)));
  return interfaces;
}

/// Capabilities with commas between them.
Result<std::vector<std::string>> capabilities_of(std::string_view text) {
  std::vector<std::string> capabilities;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    capabilities.emplace_back(capability_name(BERTH_TRY(policy::parse_capability(one))));
  }
  return capabilities;
}

Result<registry::Query> query_of(const Options& options) {
  registry::Query query{.words = options.words,
                        .tag = {},
                        .exports = BERTH_TRY(interfaces_of(options.exports)),
                        .imports = BERTH_TRY(interfaces_of(options.imports)),
                        .needs_only = {},
                        .yanked = options.yanked};
  if (!options.tag.empty()) query.tag = options.tag;
  if (options.no_needs || !options.needs_only.empty())
    query.needs_only = BERTH_TRY(capabilities_of(options.needs_only));
  return query;
}

Result<int> search(const Options& options) {
  const registry::Query query = BERTH_TRY(query_of(options));
  const registry::Store store = BERTH_TRY(registry::Store::open_users());
  const auto index = BERTH_TRY(registry::Index::open(store));
  {
    std::atomic<size_t> looked_at = 0;
    Progress progress;
    progress.begin([&] { return fmt::format("reading the store ({} names)", looked_at.load()); });
    BERTH_TRY_VOID(index->bring_up_to_date(describe, [&](size_t count) { looked_at = count; }));
  }
  const auto found = BERTH_TRY(index->search(query));
  if (options.json) return print_json(json_of(found, store));
  if (found.empty()) return print("nothing in the store is like that\n");
  return print(table_of(found, store));
}

}  // namespace

int search_verb(const Arguments& arguments) {
  CLI::App app(
      "Finds modules of the store. Each WORD stands in the name, or in the title or description that its "
      "manifest has. "
      "Versions of\n"
      "interfaces and tags are semantic ones: 1.2 of an interface is met by 1.2.0 and 1.3.0, not by 2.0.0; a "
      "tag is "
      "exact unless\n"
      "a '^' stands before it.\n",
      "berth search");
  Options options;
  app.add_option("WORD", options.words, "parts of names");
  app.add_option("--tag", options.tag, "a tag, 1.2.0, or those that stand for one, ^1.2")->type_name("TAG");
  app.add_option("--exports", options.exports,
                 "an interface that it exports, as wasi:http/incoming-handler or shop:price/rule@^1")
      ->type_name("INTERFACE")
      ->allow_extra_args(false);
  app.add_option("--imports", options.imports, "an interface that it imports")
      ->type_name("INTERFACE")
      ->allow_extra_args(false);
  app.add_option("--needs-only", options.needs_only, "no capability but these, as http.out,files")
      ->type_name("LIST");
  app.add_flag("--needs-nothing", options.no_needs, "no capability at all");
  app.add_flag("--yanked", options.yanked, "also what was yanked");
  app.add_flag("--json", options.json, "one JSON array");
  app.footer(
      "\nFor example:\n\n  berth search price --exports shop:price/rule@^1 --needs-only stdio,http.out\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  const auto status = search(options);
  return status ? *status : report(status.error(), options.json ? Style::kJson : Style::kText);
}

}  // namespace berth::cli
