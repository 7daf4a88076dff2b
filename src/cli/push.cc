// SPDX-License-Identifier: Apache-2.0
// berth push: a module to a registry.

#include "registry/push.h"

#include <fmt/format.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "claims/signed_module.h"
#include "cli/name_options.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "engine/compiler.h"
#include "engine/hashes.h"

namespace berth::cli {
namespace {

struct Options {
  std::string module;
  std::string to;
  NameOptions names;
  std::vector<std::string> annotations;
  bool json = false;
};

Result<std::map<std::string, std::string>> annotations_of(const std::vector<std::string>& texts) {
  std::map<std::string, std::string> all;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos)
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("--annotation is written NAME=TEXT, not '{}'", text));
    all[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return all;
}

/// When the module was made, so that the same file is the same artifact: its time, or SOURCE_DATE_EPOCH.
std::string created(const std::string& path) {
  std::time_t seconds = 0;
  if (const auto given = environment("SOURCE_DATE_EPOCH")) {
    seconds = std::strtoll(given->c_str(), nullptr, 10);
  } else {
    std::error_code gone;
    const auto written = std::filesystem::last_write_time(path, gone);
    if (!gone) seconds = std::chrono::system_clock::to_time_t(std::chrono::file_clock::to_sys(written));
  }
  std::tm parts = {};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts));
}

Result<int> push(const Options& options) {
  const auto to = BERTH_TRY(registry::parse_name(options.to));
  const auto* const oci = std::get_if<registry::OciName>(&to);
  if (oci == nullptr || oci->manifest || oci->module || oci->tag.starts_with('^')) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is no place to push to: write oci://HOST/REPOSITORY:TAG", options.to));
  }
  const registry::Located located = BERTH_TRY(locate_shown(options.module, options.names));
  const registry::ModuleFile file = BERTH_TRY(registry::read_located(located));
  if (!file.bytes.starts_with(std::string_view("\0asm", 4))) {
    return fail(ErrorCode::kInvalidModule,
                fmt::format("'{}' is text: what is pushed is binary, as 'wasm-tools parse' makes it",
                            options.module));
  }
  const auto about = engine::Compiler(program(false), {}).describe(file.bytes);
  if (!about) return fail(about.error().code, fmt::format("'{}': {}", options.module, about.error().message));
  const bool component = about->form == engine::Form::kComponent;
  auto annotations = BERTH_TRY(annotations_of(options.annotations));
  registry::PushedModule module{.component = component,
                                .digest = file.digest(),
                                .size = file.bytes.size(),
                                .created = created(located.path),
                                .imports = about->imports,
                                .exports = about->exports,
                                .annotations = std::move(annotations)};
  const auto chain = BERTH_TRY(claims::read_signed(file.bytes, engine::content_hash));
  if (chain) module.annotations.emplace(registry::kTokenAnnotation, chain->text);
  const auto origin = BERTH_TRY(origin_options(options.names));
  Digest manifest;
  {
    Progress progress;
    progress.begin(fmt::format("pushing {} ({})", file.name, format_bytes(file.bytes.size())));
    manifest = BERTH_TRY(registry::push(*oci, module, file.bytes, origin));
  }
  const std::string name = to_text(to);
  if (options.json) {
    return print_json({{"name", name},
                       {"digest", module.digest.text()},
                       {"manifest", manifest.text()},
                       {"size_bytes", module.size}});
  }
  return print(fmt::format("{}  {}  {}\n", name, manifest.text(), format_bytes(module.size)));
}

}  // namespace

int push_verb(const Arguments& arguments) {
  CLI::App app(
      "Pushes a module to a registry, as an artifact that other tools for WebAssembly read. The line that is "
      "printed "
      "has the\n"
      "digest of its manifest: oci://HOST/REPOSITORY@DIGEST never means other bytes. The same file gives the "
      "same "
      "digest.\n"
      "Credentials are those of 'docker login'.\n",
      "berth push");
  Options options;
  app.add_option("MODULE", options.module, "a .wasm file, or a name")->required();
  app.add_option("NAME", options.to, "oci://HOST/REPOSITORY:TAG")->required();
  app.add_option("--annotation", options.annotations, "what the manifest says of it, as description=…")
      ->type_name("NAME=TEXT")
      ->allow_extra_args(false);
  add_server_options(app, options.names);
  app.add_flag("--json", options.json, "one JSON object");
  app.footer("\nFor example:\n\n  berth push price.wasm oci://ghcr.io/shop/price:1.2\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(push(options), style_of(options.json));
}

}  // namespace berth::cli
