// SPDX-License-Identifier: Apache-2.0
// berth content add: files and folders become content.

#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/content.h"
#include "cli/content_hand.h"
#include "cli/progress.h"
#include "providers/content/directory_layout.h"
#include "providers/content/folder_in.h"

namespace berth::cli {
namespace {

struct Options {
  std::vector<std::string> paths;
  std::string profile{content::profiles().front().name};
  std::string chunk;
  std::string name;
  bool wrap = false;
  bool hidden = false;
  bool mode = false;
  bool modified = false;
  bool only_hash = false;
  bool no_pin = false;
  HandOptions hand;
  SourceOptions line;
  bool json = false;
};

/// For those who only want to know the CID.
class Nowhere : public content::BlockSink {
 public:
  Result<void> put(const content::Cid&, std::string_view) override {
    return {};
  }
};

Result<content::Made> add_one(const std::string& path, const content::FolderIn& how,
                              content::BlockSink& sink) {
  if (path != "-") return content::add_path(path, how, sink);
  const content::ReadSome read = BERTH_TRY(bytes_of(path));
  const auto counted = [&](std::span<char> into) -> Result<size_t> {
    const size_t got = BERTH_TRY(read(into));
    *how.bytes += got;
    return got;
  };
  return content::add_file(counted, how.profile, {}, sink);
}

std::string name_of(const std::string& path) {
  namespace fs = std::filesystem;
  const fs::path whole = fs::absolute(path).lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path()).filename().string();
}

/// One directory around all of them, by their own names.
Result<content::Made> wrapped(const std::vector<std::string>& paths, std::vector<content::Made> made,
                              const content::FolderIn& how, content::BlockSink& sink) {
  std::vector<content::PbLink> entries;
  for (size_t i = 0; i < paths.size(); ++i) {
    const std::string name = paths[i] == "-" ? made[i].cid.text() : name_of(paths[i]);
    if (std::ranges::find(entries, name, &content::PbLink::name) != entries.end())
      return fail(ErrorCode::kInvalidArgument, fmt::format("two of them are called '{}': rename one", name));
    entries.push_back({.cid = std::move(made[i].cid), .name = name, .tsize = made[i].tsize});
  }
  return content::add_directory(std::move(entries), how.profile, {}, sink);
}

/// What a kubo node got of each.
using Handed = std::vector<content::CarWritten>;

Result<Handed> hand_all(const Options& options, content::Kubo& kubo, content::Store& store,
                        const std::vector<content::Made>& made) {
  Handed handed;
  for (const content::Made& root : made) {
    auto one = hand_over(kubo, store, root.cid, options.name);
    if (!one)
      return fail(one.error().code,
                  fmt::format("{}; {} is in the store here: 'berth content pin {} --to URL' tries it again",
                              one.error().message, root.cid.text(), root.cid.text()));
    handed.push_back(*one);
  }
  return handed;
}

int print_made(const Options& options, const std::vector<content::Made>& made, const Handed& handed) {
  if (!options.json) {
    std::string text;
    for (const content::Made& root : made) text += root.cid.text() + "\n";
    return print(text);
  }
  nlohmann::json all = nlohmann::json::array();
  for (size_t i = 0; i < made.size(); ++i) {
    all.push_back({{"cid", made[i].cid.text()},
                   {"blocks_bytes", made[i].tsize},
                   {"pinned", !options.only_hash && !options.no_pin}});
    if (!options.wrap) all.back()["path"] = options.paths[i];
    if (!handed.empty())
      all.back()["handed"] = {
          {"to", options.hand.to}, {"blocks", handed[i].blocks}, {"bytes", handed[i].block_bytes}};
  }
  return print_json(all);
}

Result<int> add(const Options& options) {
  std::atomic<uint64_t> bytes = 0;
  content::FolderIn how{.profile = BERTH_TRY(content::find_profile(options.profile)),
                        .hidden = options.hidden,
                        .mode = options.mode,
                        .modified = options.modified,
                        .bytes = &bytes};
  if (!options.chunk.empty()) how.profile.chunk_bytes = BERTH_TRY(parse_bytes(options.chunk));
  if (how.profile.chunk_bytes == 0 || how.profile.chunk_bytes > content::kMostChunk)
    return fail(ErrorCode::kInvalidArgument, fmt::format("a chunk of {} bytes: 1 to {} make a block",
                                                         how.profile.chunk_bytes, content::kMostChunk));
  BERTH_TRY_VOID(check_hand_options(options.hand, options.name));
  if (options.only_hash && options.hand.is_asked())
    return fail(ErrorCode::kInvalidArgument,
                "--only-hash keeps nothing that could be handed over: leave it or --to out");
  // Before anything is done for it.
  const auto kubo = options.hand.is_asked() ? BERTH_TRY(open_kubo(options.hand, options.line)) : nullptr;
  Nowhere nowhere;
  std::unique_ptr<content::Store> store;
  std::optional<content::Keeping> keeping;
  if (!options.only_hash) {
    store = BERTH_TRY(content::Store::open_users());
    // Afterwards what nothing pins could be what goes.
    if (options.no_pin) keep_to_quota(*store);
    keeping = BERTH_TRY(store->keep());
  }
  content::BlockSink& sink = store ? static_cast<content::BlockSink&>(*store) : nowhere;
  std::vector<content::Made> made;
  {
    Progress progress;
    progress.begin([&] { return fmt::format("adding: {}", format_bytes(bytes)); });
    for (const std::string& path : options.paths) made.push_back(BERTH_TRY(add_one(path, how, sink)));
    std::vector<std::string> names = options.paths;
    if (options.wrap) {
      content::Made all = BERTH_TRY(wrapped(options.paths, std::move(made), how, sink));
      made.clear();
      made.push_back(std::move(all));
    }
    if (store && !options.no_pin) {
      std::vector<content::Cid> roots;
      for (const content::Made& root : made) roots.push_back(root.cid);
      BERTH_TRY_VOID(store->pin(*keeping, roots, options.name, content::Below::kPut));
    }
  }
  // What is pinned needs no more to stay, and others may want to remove.
  if (!options.no_pin) keeping.reset();
  const Handed handed = kubo ? BERTH_TRY(hand_all(options, *kubo, *store, made)) : Handed();
  keeping.reset();
  const int printed = print_made(options, made, handed);
  if (store && !options.no_pin) keep_to_quota(*store);
  return printed;
}

}  // namespace

int content_add(const Arguments& arguments) {
  std::string about =
      "Brings files, folders and symlinks into the store, and prints the CID of each: the same that kubo "
      "gives "
      "for\n"
      "the same bytes. It is pinned, so that it stays.\n\nProfiles, which say how bytes become blocks:\n";
  for (const content::NamedProfile& profile : content::profiles())
    about += fmt::format("  {:<15} {}\n", profile.name, profile.does);
  CLI::App app(about, "berth content add");
  Options options;
  app.add_option("PATH", options.paths, "files and folders; - is standard input")->required();
  app.add_option("--profile", options.profile, "as above; default unless given")->type_name("NAME");
  app.add_option("--chunk", options.chunk, "bytes of a file that a block has, instead of the profile's")
      ->type_name("SIZE");
  app.add_option("--name", options.name, "what the pin is called")->type_name("TEXT");
  app.add_flag("--wrap", options.wrap, "put a directory around all of them");
  app.add_flag("--hidden", options.hidden, "also what begins with a dot within folders");
  app.add_flag("--mode", options.mode, "write down permissions; leaves aren't raw then");
  app.add_flag("--mtime", options.modified, "write down times of change; the same");
  app.add_flag("--only-hash", options.only_hash, "print the CID and keep nothing");
  app.add_flag("--no-pin", options.no_pin, "it may go when room is needed");
  add_hand_options(app, options.hand);
  add_line_options(app, options.line);
  app.add_flag("--json", options.json, "one JSON array");
  app.footer(
      "\nFor example:\n\n  berth content add ./site --name site\n  tar c ./site | berth content add -\n"
      "  berth content add ./site --to http://127.0.0.1:5001 --name site\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(add(options), style_of(options.json));
}

}  // namespace berth::cli
