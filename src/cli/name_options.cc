// SPDX-License-Identifier: Apache-2.0
#include "cli/name_options.h"

#include <fmt/format.h>

#include "base/units.h"
#include "cli/progress.h"
#include "cli/test_switches.h"
#include "cli/verb.h"

namespace berth::cli {

void add_server_options(CLI::App& app, NameOptions& options) {
  app.add_flag("--plain-http", options.plain_http,
               "speak plain HTTP with registries, also those of other machines");
  app.add_option("--ca", options.ca_file, "certificates to trust, in PEM, instead of this machine's")
      ->type_name("FILE");
  if (kTestSwitches) {
    app.add_option("--public-address", options.public_address, "for tests: taken for a public one");
    app.add_flag("--brief", options.brief, "for tests: little patience, and few tries");
  }
}

void add_name_options(CLI::App& app, NameOptions& options) {
  app.add_option("--pull", options.pull,
                 "ask servers for a module by its name: always, missing (if the store hasn't it) or never")
      ->type_name("WHEN")
      ->capture_default_str();
  app.add_flag("--locked{berth.lock}", options.locked, "names stand for what berth.lock, or =FILE, says")
      ->type_name("FILE");
  add_server_options(app, options);
}

Result<registry::OriginOptions> origin_options(const NameOptions& options) {
  registry::OriginOptions origin{.pull = BERTH_TRY(registry::parse_pull(options.pull)),
                                 .lock_file = {},
                                 .ca_file = options.ca_file,
                                 .web = {.plain_http = options.plain_http,
                                         .roots = {},
                                         .public_address = kTestSwitches ? options.public_address : ""}};
  if (!options.locked.empty()) origin.lock_file = options.locked;
  if (kTestSwitches && options.brief) {
    origin.web.tries = 2;
    origin.web.span = std::chrono::seconds(1);
  }
  return origin;
}

std::vector<std::string> words_of(const NameOptions& options) {
  std::vector<std::string> words{"--pull=" + options.pull};
  if (!options.locked.empty()) words.push_back("--locked=" + options.locked);
  if (options.plain_http) words.emplace_back("--plain-http");
  if (!options.ca_file.empty()) words.push_back("--ca=" + options.ca_file);
  return words;
}

Result<registry::Located> locate_shown(const std::string& name, const NameOptions& options) {
  return locate_shown(name, BERTH_TRY(origin_options(options)));
}

Result<registry::Located> locate_shown(const std::string& name, registry::OriginOptions options) {
  if (!registry::has_scheme(name)) return registry::located_file(name);
  registry::Transfer transfer;
  options.transfer = &transfer;
  options.told = [](std::string_view line) { say(line); };
  Progress progress;
  progress.begin([&] {
    const uint64_t total = transfer.total;
    const std::string of = total == 0 ? "" : fmt::format(" of {}", format_bytes(total));
    return fmt::format("pulling {} ({}{})", name, format_bytes(transfer.done), of);
  });
  return registry::locate(name, options);
}

}  // namespace berth::cli
