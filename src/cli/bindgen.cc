// SPDX-License-Identifier: Apache-2.0
// berth bindgen: a C++ header for a world of WIT.

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/os/file.h"
#include "bindgen/header.h"
#include "cli/name_options.h"
#include "cli/options.h"
#include "engine/wit.h"

namespace berth::cli {
namespace {

struct Options {
  std::string path;
  std::string world;
  std::string out = ".";
  bool wasi = false;
  bool json = false;
  NameOptions names;
};

Result<void> write(const std::filesystem::path& file, const std::string& text) {
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  if (error) {
    return fail(ErrorCode::kUnavailable, fmt::format("the folder '{}' can't be made: {}",
                                                     file.parent_path().string(), error.message()));
  }
  const std::string_view parts[] = {text};
  return write_file(file.string(), parts, 0644, Durability::kRenamed);
}

Result<int> bindgen(const Options& options) {
  const registry::Located located = BERTH_TRY(locate_shown(options.path, options.names));
  const std::string text = BERTH_TRY(engine::wit_world(located.path, options.world));
  const bindgen::World world = BERTH_TRY(bindgen::read_world(text));
  const bindgen::Header header =
      bindgen::write_header(world, {.version = BERTH_VERSION, .wasi = options.wasi});
  const std::filesystem::path file = std::filesystem::path(options.out) / header.file;
  BERTH_TRY_VOID(write(file, header.text));
  if (options.json) {
    return print_json({{"header", file.string()},
                       {"package", world.package},
                       {"world", world.name},
                       {"left_out", header.left_out}});
  }
  for (const std::string& line : header.left_out) say(line);
  return print(file.string() + "\n");
}

}  // namespace

int bindgen_verb(const Arguments& arguments) {
  CLI::App app(
      "Writes a C++ header for a world of WIT: its types, a class to call what a module of it exports, and "
      "classes\n"
      "to derive from for what it imports. The header needs libberth, and nothing else.\n",
      "berth bindgen");
  Options options;
  app.add_option("PATH", options.path,
                 "a .wit file, a folder with WIT and its deps, or a component by its file or its name")
      ->required();
  app.add_option("--world", options.world, "which one, where there are several");
  app.add_option("--out", options.out, "folder to write to")->capture_default_str();
  app.add_flag("--wasi", options.wasi,
               "classes for imports of WASI, too: berth has them, a program needs none");
  app.add_flag("--json", options.json, "one JSON object");
  add_name_options(app, options.names);
  app.footer("\nFor example:\n\n  berth bindgen wit/ --world plugin --out generated/\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(bindgen(options), style_of(options.json));
}

}  // namespace berth::cli
