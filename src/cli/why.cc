// SPDX-License-Identifier: Apache-2.0
// berth why: what modules were refused, and the line that would allow it.

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/denial_json.h"
#include "cli/options.h"
#include "host/denial_log.h"
#include "registry/origin.h"

namespace berth::cli {
namespace {

using host::Denial;
using host::DenialRecord;
using nlohmann::json;

struct Options {
  std::string module;
  bool all = false;
  bool probes = false;
  bool json = false;
};

/// A module is named by its file, its file's name or its digest.
bool is_of(const DenialRecord& record, const std::string& module, const std::optional<std::string>& digest) {
  if (module.empty() || record.module == module || record.digest == module) return true;
  return digest ? record.digest == *digest : record.module == std::filesystem::path(module).filename();
}

/// The last run of each module, unless all are wanted.
std::vector<DenialRecord> chosen(std::vector<DenialRecord> records, const Options& options) {
  std::optional<std::string> digest;
  // Of what isn't in the store there is nothing to tell: nobody is asked.
  const auto located = registry::locate(options.module, {.pull = registry::Pull::kNever});
  if (const auto file = located ? registry::read_located(*located) : std::unexpected(located.error()))
    digest = file->digest().text();
  std::erase_if(records, [&](const DenialRecord& record) { return !is_of(record, options.module, digest); });
  if (options.all) return records;
  std::vector<DenialRecord> last;
  for (const DenialRecord& record : records) {
    std::erase_if(last, [&](const DenialRecord& older) { return older.digest == record.digest; });
    last.push_back(record);
  }
  return last;
}

json to_json(const std::vector<DenialRecord>& records, bool probes) {
  json all = json::array();
  for (const DenialRecord& record : records) {
    json denials = json::array();
    for (const Denial& denial : record.denials) {
      if (denial.probe && !probes) continue;
      denials.push_back(denial_json(denial));
    }
    all.push_back({{"time", record.unix_seconds},
                   {"module", record.module},
                   {"digest", record.digest},
                   {"denials", std::move(denials)},
                   {"unlisted", record.unlisted}});
  }
  return all;
}

std::string to_text(const DenialRecord& record, bool probes) {
  std::string text = fmt::format("{}  {}  {}\n", local_time(record.unix_seconds), record.module,
                                 record.digest.substr(0, 19));
  size_t probes_left_out = 0;
  for (const Denial& denial : record.denials) {
    if (denial.probe && !probes) {
      ++probes_left_out;
      continue;
    }
    text += fmt::format("  {}{}{}\n", denial.line,
                        denial.probe ? " (nothing is there on this machine either)" : "",
                        denial.count > 1 ? fmt::format(" ({} times)", denial.count) : "");
  }
  if (probes_left_out > 0) {
    text += fmt::format("  {} looks for files that aren't on this machine either: --probes lists them\n",
                        probes_left_out);
  }
  if (record.unlisted > 0) text += fmt::format("  {} more, too many to keep\n", record.unlisted);
  return text;
}

Result<int> why(const Options& options) {
  const UserFolders folders = BERTH_TRY(user_folders());
  const auto records = chosen(BERTH_TRY(host::DenialLog(folders.state).read()), options);
  if (options.json) return print_json(to_json(records, options.probes));
  if (records.empty()) {
    return print(options.module.empty() ? "nothing was refused yet\n"
                                        : fmt::format("nothing was refused to '{}'\n", options.module));
  }
  std::string text;
  for (const DenialRecord& record : records) text += to_text(record, options.probes);
  return print(text);
}

}  // namespace

int why_verb(const Arguments& arguments) {
  CLI::App app(
      "Lists what each module was refused in its last run: the rule that was missing, and the grant that "
      "would\n"
      "allow it. Reads of environment variables can't be seen: a guest gets all that are granted at once.\n",
      "berth why");
  Options options;
  app.add_option("MODULE", options.module,
                 "only this one: its file, its file's name, another name of it or its digest");
  app.add_flag("--all", options.all, "every run that is kept, not only the last");
  app.add_flag("--probes", options.probes, "also looks for files that aren't on this machine either");
  app.add_flag("--json", options.json, "one JSON array");
  app.footer("\nFor example:\n\n  berth why esbuild.wasm\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(why(options), style_of(options.json));
}

}  // namespace berth::cli
