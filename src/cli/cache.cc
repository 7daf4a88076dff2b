// SPDX-License-Identifier: Apache-2.0
// berth cache: the compiled modules that are kept.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/options.h"
#include "engine/image_cache.h"

namespace berth::cli {
namespace {

Result<std::unique_ptr<engine::ImageCache>> open_cache() {
  const UserFolders folders = BERTH_TRY(user_folders());
  return engine::ImageCache::open(folders.cache + "/compiled", uint64_t{2} << 30);
}

Result<int> list(bool as_json) {
  const auto cache = BERTH_TRY(open_cache());
  const auto entries = cache->list();
  if (as_json) {
    nlohmann::json all = nlohmann::json::array();
    for (const auto& entry : entries) {
      all.push_back({{"digest", entry.digest_hex.empty() ? nlohmann::json()
                                                         : nlohmann::json("sha256:" + entry.digest_hex)},
                     {"size_bytes", entry.size_bytes},
                     {"used", entry.used_unix_seconds},
                     {"path", entry.path}});
    }
    return print_json(all);
  }
  if (entries.empty()) return print("no compiled modules are kept\n");
  std::string text;
  uint64_t total = 0;
  for (const auto& entry : entries) {
    const std::string name =
        entry.digest_hex.empty() ? "not of this berth" : "sha256:" + entry.digest_hex.substr(0, 12);
    text += fmt::format("{:<19}  {:>9}  {}\n", name, format_bytes(entry.size_bytes),
                        local_time(entry.used_unix_seconds));
    total += entry.size_bytes;
  }
  return print(text + fmt::format("{} in all, {}\n", entries.size(), format_bytes(total)));
}

Result<int> clear(bool as_json) {
  const auto cache = BERTH_TRY(open_cache());
  const size_t removed = cache->clear();
  if (as_json) return print_json({{"removed", removed}});
  return print(fmt::format("{} compiled modules removed\n", removed));
}

}  // namespace

int cache_verb(const Arguments& arguments) {
  CLI::App app(
      "Modules are compiled once and kept, authenticated, in the user's cache folder; the least recently "
      "used go\n"
      "when they take more than 2 GiB.\n",
      "berth cache");
  bool as_json = false;
  app.require_subcommand(1);
  CLI::App* const list_command = app.add_subcommand("list", "what is kept");
  CLI::App* const clear_command =
      app.add_subcommand("clear", "remove all; the next run of a module compiles it");
  for (CLI::App* const command : {list_command, clear_command})
    command->add_flag("--json", as_json, "as JSON");
  app.footer("\nFor example:\n\n  berth cache list --json\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(list_command->parsed() ? list(as_json) : clear(as_json), style_of(as_json));
}

}  // namespace berth::cli
