// SPDX-License-Identifier: Apache-2.0
// berth search: modules of the store, or of registries, by their names, by what they import and export, and
// by who signed them.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/os/user.h"
#include "base/units.h"
#include "cli/name_options.h"
#include "cli/needs.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/store_table.h"
#include "host/keyring.h"
#include "policy/capability.h"
#include "registry/catalog.h"
#include "registry/registries_file.h"

namespace berth::cli {
namespace {

constexpr size_t kToldUnread = 5;

struct Options {
  std::vector<std::string> words;
  std::string tag;
  std::vector<std::string> exports;
  std::vector<std::string> imports;
  std::vector<std::string> needs_only;
  bool no_needs = false;
  std::string signer;
  bool yanked = false;
  std::vector<std::string> registries;
  bool configured = false;
  NameOptions names;
  bool json = false;
};

Result<std::vector<InterfaceName>> interfaces_of(const std::vector<std::string>& texts) {
  std::vector<InterfaceName> interfaces;
  for (const std::string& text : texts) interfaces.push_back(BERTH_TRY(registry::parse_wanted(text)));
  return interfaces;
}

/// Capabilities with commas between them, or a grant.
Result<void> allow(registry::Query& query, std::string_view text) {
  std::vector<std::string>& capabilities = *query.needs_only;
  if (text.find(' ') != std::string_view::npos) {
    query.within.push_back(BERTH_TRY(policy::parse_grant(text, "command line", policy::Role::kOwner)));
    capabilities.emplace_back(capability_name(query.within.back().capability));
    return {};
  }
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    capabilities.emplace_back(capability_name(BERTH_TRY(policy::parse_capability(one))));
  }
  return {};
}

/// A public key, or the name of a key that is here.
Result<std::string> signer_key(const std::string& text) {
  if (const auto key = claims::parse_public_key(text)) return key->text();
  const host::Keyring ring(BERTH_TRY(user_folders()));
  return BERTH_TRY(ring.find(text)).key.text();
}

Result<registry::Query> query_of(const Options& options) {
  registry::Query query;
  query.words = options.words;
  query.exports = BERTH_TRY(interfaces_of(options.exports));
  query.imports = BERTH_TRY(interfaces_of(options.imports));
  query.yanked = options.yanked;
  if (!options.tag.empty()) query.tag = options.tag;
  if (options.no_needs || !options.needs_only.empty()) query.needs_only.emplace();
  for (const std::string& text : options.needs_only) BERTH_TRY_VOID(allow(query, text));
  if (!options.signer.empty()) query.signer = BERTH_TRY(signer_key(options.signer));
  return query;
}

Result<std::vector<std::string>> asked_registries(const Options& options) {
  std::vector<std::string> registries = options.registries;
  if (!options.configured) return registries;
  const registry::RegistriesFile file = BERTH_TRY(registry::read_registries());
  if (file.search.empty()) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("no registry is configured: write 'search = [\"oci://registry.example/shop\"]' to "
                    "'{}/registries.toml', or name one with --registry",
                    BERTH_TRY(user_folders()).config));
  }
  registries.insert(registries.end(), file.search.begin(), file.search.end());
  return registries;
}

/// What registries have, without pulling it. One that can't be read is an error, one module a line.
Result<std::vector<registry::Listed>> listed_by(const std::vector<std::string>& registries,
                                                const Options& options) {
  std::vector<registry::Listed> all;
  for (const std::string& name : registries) {
    std::atomic<size_t> read = 0;
    const registry::CatalogOptions asking{.origin = BERTH_TRY(origin_options(options.names)),
                                          .tag = options.tag,
                                          .needs = capabilities_of,
                                          .read = &read};
    registry::Catalog catalog;
    {
      Progress progress;
      progress.begin([&] { return fmt::format("reading {} ({} modules)", name, read.load()); });
      catalog = BERTH_TRY(registry::read_catalog(name, asking));
    }
    for (size_t i = 0; i < std::min(catalog.unread.size(), kToldUnread); ++i)
      say(fmt::format("not all is known of {}", catalog.unread[i]));
    if (catalog.unread.size() > kToldUnread)
      say(fmt::format("nor of {} more", catalog.unread.size() - kToldUnread));
    if (catalog.more)
      say(fmt::format(
          "{} has more than {} artifacts, of which these were read: name a repository, or a --tag", name,
          registry::kMostArtifacts));
    std::ranges::move(catalog.modules, std::back_inserter(all));
  }
  return all;
}

Result<int> search_registries(const std::vector<std::string>& registries, const Options& options) {
  const registry::Query query = BERTH_TRY(query_of(options));
  const auto listed = BERTH_TRY(listed_by(registries, options));
  const auto index = BERTH_TRY(registry::Index::of(listed));
  const auto found = BERTH_TRY(index->search(query));
  const registry::Store store = BERTH_TRY(registry::Store::open_users());
  if (options.json) return print_json(json_of(found, store));
  if (found.empty()) return print("nothing there is like that\n");
  return print(listing_of(found, store));
}

Result<int> search(const Options& options) {
  const auto registries = BERTH_TRY(asked_registries(options));
  if (!registries.empty()) return search_registries(registries, options);
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
      "Finds modules of the store, or with --registry those of a registry, which is asked what it has: "
      "nothing "
      "is pulled.\n"
      "Each WORD stands in the name, or in the title or description that its "
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
  app.add_option("--needs-only", options.needs_only,
                 "no capability but these, as http.out,files; or no more than a grant, by the module's token")
      ->type_name("LIST|GRANT")
      ->allow_extra_args(false);
  app.add_flag("--needs-nothing", options.no_needs, "no capability at all");
  app.add_option("--signer", options.signer,
                 "signed by this account, or with this operator's word: a key, or the name of one here")
      ->type_name("KEY");
  app.add_option("--registry", options.registries, "oci://HOST, or with what its repositories begin with")
      ->type_name("NAME")
      ->allow_extra_args(false);
  app.add_flag("--registries", options.configured, "those of registries.toml");
  add_server_options(app, options.names);
  app.add_flag("--yanked", options.yanked, "also what was yanked");
  app.add_flag("--json", options.json, "one JSON array");
  app.footer(
      "\nFor example:\n\n  berth search price --exports shop:price/rule@^1 --needs-only stdio,http.out\n"
      "  berth search --registry oci://localhost:5000/shop --exports wasi:http/incoming-handler \\\n"
      "    --needs-only 'http.out https://api.example.com/*'\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(search(options), style_of(options.json));
}

}  // namespace berth::cli
