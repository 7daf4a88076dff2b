// SPDX-License-Identifier: Apache-2.0
// berth pull: modules from registries and from the web, into the store.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/name_options.h"
#include "cli/options.h"

namespace berth::cli {
namespace {

struct Options {
  std::vector<std::string> names;
  NameOptions servers;
  std::string lock;
  bool pin = false;
  bool json = false;
};

Result<registry::Located> pull_one(const std::string& name, const Options& options) {
  if (!registry::has_scheme(name)) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("'{}' is a file: what is pulled is called oci://HOST/REPOSITORY:TAG or https://…", name));
  }
  registry::OriginOptions origin = BERTH_TRY(origin_options(options.servers));
  origin.pull = registry::Pull::kAlways;
  origin.pin = options.pin || !options.lock.empty();
  return locate_shown(name, std::move(origin));
}

nlohmann::json json_of(const registry::Located& located) {
  const registry::Record& record = *located.record;
  return {{"name", record.name},
          {"digest", record.module.text()},
          {"manifest", record.manifest ? nlohmann::json(record.manifest->text()) : nlohmann::json()},
          {"size_bytes", record.size},
          {"fetched", located.fetched},
          {"path", located.path}};
}

Result<int> pull(const Options& options) {
  nlohmann::json all = nlohmann::json::array();
  registry::LockFile lock;
  for (const std::string& name : options.names) {
    const registry::Located located = BERTH_TRY(pull_one(name, options));
    if (!located.record) continue;  // by its digest, and it is there
    const registry::Record& record = *located.record;
    lock[record.name] = {.manifest = record.manifest, .module = record.module};
    all.push_back(json_of(located));
    if (options.json) continue;
    const int printed =
        print(fmt::format("{}  {}  {}{}\n", record.name, record.module.text(), format_bytes(record.size),
                          located.fetched ? "" : ", was there already"));
    if (printed != 0) return printed;
  }
  if (!options.lock.empty()) BERTH_TRY_VOID(registry::add_to_lock(options.lock, lock));
  return options.json ? print_json(all) : 0;
}

}  // namespace

int pull_verb(const Arguments& arguments) {
  CLI::App app(
      "Brings modules into the store, from where 'berth run' and the other verbs take them by the same "
      "names, also "
      "without a\n"
      "network. What comes is checked against its digest; what is there already is checked too, and brought "
      "again if it "
      "is spoilt.\n"
      "Credentials are those of 'docker login'.\n",
      "berth pull");
  Options options;
  app.add_option("NAME", options.names,
                 "oci://HOST/REPOSITORY:TAG, oci://…@sha256:…, https://…, https://…#sha256:…")
      ->required();
  app.add_flag("--lock{berth.lock}", options.lock,
               "write down what the names stand for, in berth.lock or =FILE; pins them")
      ->type_name("FILE");
  app.add_flag("--pin", options.pin, "it stays when the store needs room");
  add_server_options(app, options.servers);
  app.add_flag("--json", options.json, "one JSON array");
  app.footer(
      "\nFor example:\n\n  berth pull oci://ghcr.io/shop/price:1.2\n  berth run --pull=never "
      "oci://ghcr.io/shop/price:1.2\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(pull(options), style_of(options.json));
}

}  // namespace berth::cli
