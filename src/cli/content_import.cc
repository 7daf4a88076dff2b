// SPDX-License-Identifier: Apache-2.0
// berth content import: CARs, and records of names.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/os/file.h"
#include "base/os/user.h"
#include "cli/content.h"
#include "cli/progress.h"
#include "providers/content/car.h"
#include "providers/content/names.h"

namespace berth::cli {
namespace {

struct Options {
  std::vector<std::string> paths;
  bool no_pin = false;
  bool json = false;
};

struct Imported {
  nlohmann::json json;
  std::string lines;
};

Result<Imported> import_car(content::Store& store, const content::Keeping& keeping, const std::string& path,
                            bool pin) {
  const content::ReadSome read = BERTH_TRY(bytes_of(path));
  content::CarReader car = BERTH_TRY(content::CarReader::open(read));
  uint64_t blocks = 0;
  uint64_t bytes = 0;
  for (;;) {
    const auto block = BERTH_TRY(car.next());
    if (!block) break;
    BERTH_TRY_VOID(store.put(block->cid, block->bytes));
    ++blocks;
    bytes += block->bytes.size();
  }
  if (pin) BERTH_TRY_VOID(store.pin(keeping, car.roots(), ""));
  std::vector<std::string> roots;
  std::string lines;
  for (const content::Cid& root : car.roots()) {
    roots.push_back(root.text());
    lines += root.text() + "\n";
  }
  return Imported{
      .json = {{"path", path}, {"roots", roots}, {"blocks", blocks}, {"bytes", bytes}, {"pinned", pin}},
      .lines = std::move(lines)};
}

/// Of the name that the file has: gateways give them away under it.
Result<Imported> import_record(const std::string& path) {
  const std::string stem = std::filesystem::path(path).stem().string();
  const content::NamePath name = BERTH_TRY(content::parse_name_path("/ipns/" + stem));
  const std::string bytes = BERTH_TRY(read_file(path, content::kMostRecord));
  const UserFolders folders = BERTH_TRY(user_folders());
  const content::Names names({.routers = {}, .folder = content::names_folder(folders)});
  const content::IpnsRecord record = BERTH_TRY(names.bring(name.name, bytes));
  const std::string text = name.name.text(content::Base::kBase36);
  return Imported{.json = {{"path", path},
                           {"name", text},
                           {"value", record.value},
                           {"sequence", record.sequence},
                           {"valid_until", record.valid_until}},
                  .lines = fmt::format("{} {}\n", text, record.value)};
}

Result<int> import_all(const Options& options) {
  const auto store = BERTH_TRY(content::Store::open_users());
  // Afterwards what nothing pins could be what goes.
  if (options.no_pin) keep_to_quota(*store);
  nlohmann::json json = nlohmann::json::array();
  std::string lines;
  std::vector<Error> failed;
  {
    const content::Keeping keeping = BERTH_TRY(store->keep());
    Progress progress;
    progress.begin("importing");
    for (const std::string& path : options.paths) {
      auto imported = path.ends_with(content::kRecordEnds)
                          ? import_record(path)
                          : import_car(*store, keeping, path, !options.no_pin);
      if (!imported) {
        failed.push_back({.code = imported.error().code,
                          .message = fmt::format("'{}': {}", path, imported.error().message)});
        continue;
      }
      json.push_back(std::move(imported->json));
      lines += imported->lines;
    }
  }
  int printed = 0;
  if (failed.size() < options.paths.size()) printed = options.json ? print_json(json) : print(lines);
  if (!options.no_pin) keep_to_quota(*store);
  if (failed.empty()) return printed;
  std::vector<std::string> messages;
  for (const Error& error : failed) messages.push_back(error.message);
  return fail(failed.front().code, fmt::format("{}", fmt::join(messages, "\n")));
}

}  // namespace

int content_import(const Arguments& arguments) {
  CLI::App app(
      "Brings the blocks of CARs into the store, each checked, and pins their roots, below which nothing may "
      "be missing.\n"
      "Prints the roots. A file NAME.ipns-record, as gateways give it away, is where a name leads to: it is "
      "checked and kept.\n",
      "berth content import");
  Options options;
  app.add_option("FILE", options.paths, "CARs of version 1 or 2, records; - is a CAR on standard input")
      ->required();
  app.add_flag("--no-pin", options.no_pin, "it may go when room is needed, and blocks may be missing");
  app.add_flag("--json", options.json, "one JSON array");
  app.footer("\nFor example:\n\n  berth content import site.car\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(import_all(options), style_of(options.json));
}

}  // namespace berth::cli
