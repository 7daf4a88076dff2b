// SPDX-License-Identifier: Apache-2.0
// berth content providers, publish: what routers are asked and told.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/content.h"
#include "cli/content_source.h"
#include "cli/passphrase.h"
#include "cli/progress.h"
#include "host/keyring.h"
#include "policy/printable.h"

namespace berth::cli {
namespace {

struct Options {
  std::string path;
  std::string key;
  std::string lifetime = fmt::format("{}h", content::kNameLifetime.count());
  std::string ttl = fmt::format("{}m", content::kNameTtl.count());
  std::optional<std::string> passphrase_file;
  bool json = false;
  SourceOptions source;
};

Result<std::chrono::seconds> seconds_of(const std::string& text, std::string_view option) {
  const auto time = parse_duration(text);
  if (!time) return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", option, time.error().message));
  return std::chrono::duration_cast<std::chrono::seconds>(*time);
}

std::string line_of(const content::Provider& provider) {
  const auto& shown = provider.gateways.empty() ? provider.addresses : provider.gateways;
  return fmt::format("{}  {}  {}\n", policy::printable(provider.id),
                     policy::printable(fmt::format("{}", fmt::join(provider.protocols, ","))),
                     policy::printable(fmt::format("{}", fmt::join(shown, " "))));
}

Result<int> providers(const Options& options) {
  const auto source = BERTH_TRY(ContentSource::open(options.source));
  const content::ContentPath path = BERTH_TRY(source->path(options.path));
  if (source->routers().empty())
    return fail(ErrorCode::kInvalidArgument,
                "there is no router to ask: name one with --router URL or in content.toml");
  if (!path.names.empty())
    return fail(ErrorCode::kInvalidArgument, "routers know CIDs alone: leave the names below it out");
  nlohmann::json all = nlohmann::json::array();
  std::vector<std::string> failed;
  std::optional<Error> written;
  const web::WebOptions web = BERTH_TRY(web_options(options.source));
  for (const std::string& url : source->routers()) {
    const auto router = BERTH_TRY(content::Router::create(url, web));
    const auto each = [&](const content::Provider& provider) {
      if (options.json) {
        all.push_back({{"router", url},
                       {"id", provider.id},
                       {"protocols", provider.protocols},
                       {"addresses", provider.addresses},
                       {"gateways", provider.gateways}});
        return true;
      }
      all.push_back(nullptr);
      const auto done = write_out(line_of(provider));
      if (!done) written = done.error();
      return done.has_value();
    };
    const auto asked = router->providers(path.root, content::Router::Kind::kAll, each);
    if (written) return std::unexpected(*written);
    if (!asked) failed.push_back(fmt::format("{}: {}", url, asked.error().message));
  }
  for (const std::string& line : failed) say(line);
  if (failed.size() == source->routers().size())
    return fail(ErrorCode::kUnavailable, "no router answered; --router URL or content.toml names others");
  if (options.json) return print_json(all);
  return all.empty() ? print("nobody that those routers know\n") : print("");
}

Result<int> publish(const Options& options) {
  const auto lifetime = BERTH_TRY(seconds_of(options.lifetime, "--lifetime"));
  const auto ttl = BERTH_TRY(seconds_of(options.ttl, "--ttl"));
  if (lifetime.count() == 0)
    return fail(ErrorCode::kInvalidArgument, "--lifetime is how long the record holds: more than a second");
  const auto source = BERTH_TRY(ContentSource::open(options.source));
  const content::ContentPath path = BERTH_TRY(content::parse_path(options.path));
  std::string value = "/ipfs/" + path.root.text();
  for (const std::string& name : path.names) value += "/" + name;
  const host::Keyring ring(BERTH_TRY(user_folders()));
  const claims::Seed seed = BERTH_TRY(ring.open(options.key, passphrase_from(options.passphrase_file)));
  const auto sign = [&](std::string_view text) { return seed.sign(text); };
  const content::Names names = source->names();
  const auto published = BERTH_TRY(names.publish(value, seed.public_key().bytes, sign, lifetime, ttl));
  const std::string name = published.name.text(content::Base::kBase36);
  for (const auto& [url, why] : published.refused) say(fmt::format("{} doesn't take it: {}", url, why));
  if (options.json)
    return print_json({{"name", name},
                       {"value", value},
                       {"sequence", published.record.sequence},
                       {"valid_until", published.record.valid_until},
                       {"routers", published.taken}});
  return print(fmt::format("ipns://{} leads to {}\n", name, value));
}

}  // namespace

int content_providers(const Arguments& arguments) {
  CLI::App app(
      "Asks routers who has a CID: peer, protocols and addresses of each. Those that say "
      "transport-ipfs-gateway-http\n"
      "are asked for what no gateway of yours gives.\n",
      "berth content providers");
  Options options;
  app.add_option("CID", options.path, "what they are asked for")->required();
  add_source_options(app, options.source);
  app.add_flag("--json", options.json, "one JSON array");
  app.footer(
      "\nFor example:\n\n  berth content providers "
      "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi --router https://cid.contact\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(providers(options), style_of(options.json));
}

int content_publish(const Arguments& arguments) {
  CLI::App app(
      "Leads the name of a key of yours to content, and tells routers. Each record has a higher number than "
      "any before.\n"
      "It holds for a while: publish it again before that is over.\n",
      "berth content publish");
  Options options;
  app.add_option("PATH", options.path, "a CID, and names below it: CID/a/b")->required();
  app.add_option("--key", options.key, "a key of 'berth keys'")->type_name("NAME")->required();
  app.add_option("--passphrase-file", options.passphrase_file, "the passphrase of a key that is sealed")
      ->type_name("FILE");
  app.add_option("--lifetime", options.lifetime, "how long the record holds")
      ->type_name("TIME")
      ->capture_default_str();
  app.add_option("--ttl", options.ttl, "how long others may keep it before they ask again")
      ->type_name("TIME")
      ->capture_default_str();
  add_source_options(app, options.source);
  app.add_flag("--json", options.json, "one JSON object");
  app.footer(
      "\nFor example:\n\n  berth content publish "
      "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi --key site\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(publish(options), style_of(options.json));
}

}  // namespace berth::cli
