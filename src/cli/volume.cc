// SPDX-License-Identifier: Apache-2.0
// berth volume: the folders that berth keeps for modules.

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/options.h"
#include "host/volumes.h"

namespace berth::cli {
namespace {

Result<host::Volumes> open_volumes() {
  const UserFolders folders = BERTH_TRY(user_folders());
  return host::Volumes(folders.state);
}

Result<int> list(bool as_json) {
  const host::Volumes kept = BERTH_TRY(open_volumes());
  const auto volumes = BERTH_TRY(kept.list());
  if (as_json) {
    nlohmann::json all = nlohmann::json::array();
    for (const host::Volume& volume : volumes) {
      all.push_back({{"name", volume.name},
                     {"bytes", volume.size ? nlohmann::json(volume.size->bytes) : nlohmann::json()},
                     {"files", volume.size ? nlohmann::json(volume.size->files) : nlohmann::json()},
                     {"used", volume.used_unix_seconds},
                     {"in_use", volume.in_use},
                     {"path", volume.path}});
    }
    return print_json(all);
  }
  if (volumes.empty()) return print("no volumes are kept\n");
  size_t widest = 0;
  for (const host::Volume& volume : volumes) widest = std::max(widest, volume.name.size());
  std::string text;
  for (const host::Volume& volume : volumes) {
    const std::string bytes = volume.size ? format_bytes(volume.size->bytes) : "changing";
    const uint64_t count = volume.size ? volume.size->files : 0;
    const std::string files = volume.size ? fmt::format("{} file{}", count, count == 1 ? "" : "s") : "";
    text += fmt::format("{:<{}}  {:>10}  {:>12}  {}{}\n", volume.name, widest, bytes, files,
                        local_time(volume.used_unix_seconds), volume.in_use ? "  in use" : "");
  }
  return print(text);
}

Result<int> remove(std::vector<std::string> names, bool as_json) {
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  const host::Volumes kept = BERTH_TRY(open_volumes());
  BERTH_TRY_VOID(kept.remove(names));
  if (as_json) return print_json({{"removed", names}});
  return print(
      fmt::format("{} removed\n", names.size() == 1 ? "1 volume" : fmt::format("{} volumes", names.size())));
}

}  // namespace

int volume_verb(const Arguments& arguments) {
  CLI::App app(
      "A volume is a folder that berth keeps for modules under a name: 'files @notes:/data:rw' lets one read "
      "and\n"
      "write the volume notes as /data. It is made with the first such run, and kept until it is removed.\n",
      "berth volume");
  bool as_json = false;
  std::vector<std::string> names;
  app.require_subcommand(1);
  CLI::App* const list_command =
      app.add_subcommand("list", "what is kept: bytes, files, last use, and whether it is in use");
  CLI::App* const remove_command =
      app.add_subcommand("remove", "remove volumes and all that is in them; not while they are in use");
  remove_command->add_option("NAME", names, "without the '@'")->required();
  for (CLI::App* const command : {list_command, remove_command})
    command->add_flag("--json", as_json, "as JSON");
  app.footer(
      "\nFor example:\n\n  berth run --dir @notes:/data:rw module.wasm\n  berth volume list\n"
      "  berth volume remove notes\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(list_command->parsed() ? list(as_json) : remove(std::move(names), as_json),
                style_of(as_json));
}

}  // namespace berth::cli
