// SPDX-License-Identifier: Apache-2.0
// berth verify: whether the store has what it says.

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/error_table.h"
#include "base/units.h"
#include "cli/name_options.h"
#include "cli/options.h"

namespace berth::cli {
namespace {

struct Options {
  NameOptions servers;
  bool repair = false;
  bool json = false;
};

std::string what(const registry::Damage& damage) {
  std::string names;
  for (const std::string& name : damage.names) names += (names.empty() ? "" : ", ") + name;
  return fmt::format("{}: {}{}", damage.path, damage.what, names.empty() ? "" : fmt::format(" ({})", names));
}

/// Pulls the names anew whose files were removed; what went wrong with one.
std::vector<std::string> pull_again(const std::set<std::string>& names, const Options& options) {
  std::vector<std::string> wrong;
  for (const std::string& name : names) {
    auto origin = origin_options(options.servers);
    if (origin) origin->pull = registry::Pull::kAlways;
    const auto located = origin ? locate_shown(name, *std::move(origin)) : std::unexpected(origin.error());
    if (!located) wrong.push_back(fmt::format("{} isn't repaired: {}", name, located.error().message));
  }
  return wrong;
}

Result<int> verify(const Options& options) {
  const registry::Store store = BERTH_TRY(registry::Store::open_users());
  const registry::Checked checked = BERTH_TRY(store.verify(options.repair));
  std::set<std::string> names;
  nlohmann::json damage = nlohmann::json::array();
  for (const registry::Damage& one : checked.damage) {
    names.insert(one.names.begin(), one.names.end());
    damage.push_back({{"path", one.path}, {"names", one.names}, {"what", one.what}});
    if (!options.json) say(what(one));
  }
  const std::vector<std::string> wrong =
      options.repair ? pull_again(names, options) : std::vector<std::string>();
  const bool whole = checked.damage.empty() || (options.repair && wrong.empty());
  const int status = whole ? 0 : error_row(ErrorCode::kInvalidModule).exit_status;
  if (options.json) {
    const int printed = print_json({{"names", checked.names},
                                    {"files", checked.blobs},
                                    {"bytes", checked.bytes},
                                    {"damage", damage},
                                    {"repaired", options.repair && wrong.empty()},
                                    {"not_repaired", wrong}});
    return printed != 0 ? printed : status;
  }
  for (const std::string& line : wrong) say(line);
  if (!whole && !options.repair) say("'berth verify --repair' removes what is spoilt and pulls it again");
  const std::string result = checked.damage.empty() ? "all as it should be"
                             : whole                ? "repaired"
                                                    : fmt::format("{} spoilt", checked.damage.size());
  const int printed = print(fmt::format("{} names, {} files, {}: {}\n", checked.names, checked.blobs,
                                        format_bytes(checked.bytes), result));
  return printed != 0 ? printed : status;
}

}  // namespace

int verify_verb(const Arguments& arguments) {
  CLI::App app(
      "Reads all of the store and says whether every name's module is there with the bytes of its digest. "
      "The status is "
      "121 when\n"
      "something isn't.\n",
      "berth verify");
  Options options;
  app.add_flag("--repair", options.repair, "remove what is spoilt, and pull it again");
  add_server_options(app, options.servers);
  app.add_flag("--json", options.json, "one JSON object");
  app.footer("\nFor example:\n\n  berth verify --repair\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(verify(options), style_of(options.json));
}

}  // namespace berth::cli
