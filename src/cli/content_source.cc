// SPDX-License-Identifier: Apache-2.0
#include "cli/content_source.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/os/file.h"
#include "base/os/user.h"
#include "cli/content.h"
#include "cli/content_brought.h"
#include "cli/test_switches.h"

namespace berth::cli {
namespace {

constexpr uint64_t kMostRoots = 1 << 20;
constexpr auto kSpan = std::chrono::seconds(5);
constexpr uint64_t kLeastBytes = 16 << 10;

}  // namespace

void add_source_options(CLI::App& app, SourceOptions& options) {
  app.add_option(
         "--gateway", options.gateways,
         "ask this trustless gateway for what isn't in the store, instead of those of content.toml in "
         "the settings' folder; can be repeated")
      ->type_name("URL")
      ->expected(1)
      ->take_all();
  app.add_option("--router", options.routers,
                 "ask this router for more gateways, instead of those of content.toml; can be repeated")
      ->type_name("URL")
      ->expected(1)
      ->take_all();
  app.add_flag("--offline", options.offline, "read the store alone");
  add_line_options(app, options);
}

void add_line_options(CLI::App& app, SourceOptions& options) {
  app.add_flag("--plain-http", options.plain_http, "speak plain HTTP also with other machines");
  app.add_option("--ca", options.ca_file, "certificates to trust, in PEM, instead of this machine's")
      ->type_name("FILE");
  if (kTestSwitches) {
    app.add_option("--public-address", options.public_address, "for tests: taken for a public one");
    app.add_flag("--brief", options.brief, "for tests: little patience");
  }
}

Result<web::WebOptions> web_options(const SourceOptions& options) {
  web::WebOptions web{.plain_http = options.plain_http, .span = kSpan, .least_bytes = kLeastBytes};
  if (!options.ca_file.empty()) web.roots = BERTH_TRY(read_file(options.ca_file, kMostRoots));
  if (kTestSwitches) web.public_address = options.public_address;
  if (kTestSwitches && options.brief) web.span = std::chrono::milliseconds(500);
  return web;
}

Result<std::unique_ptr<ContentSource>> ContentSource::open(const SourceOptions& options) {
  auto source = std::unique_ptr<ContentSource>(new ContentSource());
  source->settings_ = BERTH_TRY(content::read_settings());
  source->store_ = BERTH_TRY(content::Store::open_users());
  const UserFolders folders = BERTH_TRY(user_folders());
  source->names_folder_ = content::names_folder(folders);
  content::RetrievalOptions& how = source->how_;
  how.web = BERTH_TRY(web_options(options));
  how.memory = folders.cache + "/gateways.json";
  if (!options.offline) {
    const bool named = !options.gateways.empty();
    how.gateways = named ? options.gateways : source->settings_.gateways;
    how.routers = named || !options.routers.empty() ? options.routers : source->settings_.routing;
  }
  source->retrieval_ = BERTH_TRY(content::Retrieval::create(*source->store_, how));
  source->reading_ = source->retrieval_->read();
  return source;
}

content::Names ContentSource::names() {
  return content::Names({.routers = how_.routers,
                         .gateways = &retrieval_->gateways(),
                         .web = how_.web,
                         .folder = names_folder_});
}

Result<content::ContentPath> ContentSource::path(const std::string& text) {
  if (!content::is_name_path(text)) return content::parse_path(text);
  const content::NamePath path = BERTH_TRY(content::parse_name_path(text));
  return names().resolve(path);
}

void ContentSource::keep_to_quota() {
  uint64_t blocks = 0;
  for (const content::Came& came : reading_->brought().came) blocks += came.blocks;
  if (blocks > 0) cli::keep_to_quota(*store_, settings_.store_bytes);
}

nlohmann::json ContentSource::sources() const {
  return brought_json(reading_->brought());
}

}  // namespace berth::cli
