// SPDX-License-Identifier: Apache-2.0
// berth inspect: what a module is, what it needs and what it offers. Nothing of it is run.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/guest_options.h"
#include "cli/inspect_claims.h"
#include "cli/name_options.h"
#include "cli/needs.h"
#include "cli/options.h"
#include "engine/compiler.h"

namespace berth::cli {
namespace {

std::string_view kind_name(engine::Form form) {
  return form == engine::Form::kCore ? "core module" : "component";
}

/// A core module's exports with their types, and why a function can't be called.
std::string exports_text(const engine::Description& module) {
  std::string text;
  for (size_t i = 0; i < std::min(module.exports.size(), module.export_types.size()); ++i) {
    text += fmt::format("  {}: {}\n", module.exports[i], module.export_types[i]);
    if (!module.export_notes[i].empty())
      text += fmt::format("    can't be called: {}\n", module.export_notes[i]);
  }
  return text;
}

std::string text_of(const registry::ModuleFile& file, const engine::Description& module, const Needs& needs,
                    const std::string& claims) {
  std::string text = fmt::format("{}\n  kind    {}\n  digest  {}\n  size    {} ({} bytes)\n", file.name,
                                 kind_name(module.form), file.digest().text(),
                                 format_bytes(file.bytes.size()), file.bytes.size());
  text += claims;
  text += "\ncapabilities that its imports amount to (none is given unless granted):\n";
  if (needs.empty()) text += "  none\n";
  for (const auto& [capability, imports] : needs) {
    text += fmt::format("  {:<11} {}\n", capability, fmt::join(imports, ", "));
  }
  if (module.form == engine::Form::kCore && needs.contains("socket.in")) {
    text +=
        "  preview 1 has no sockets here, and says 'not supported': for them build it for WASI 0.2 "
        "(wasm32-wasip2)\n";
  }
  if (module.form == engine::Form::kComponent) return text + "\n" + module.wit;
  text += "\nimports:\n";
  for (const std::string& import : module.imports) text += fmt::format("  {}\n", import);
  text += "\nexports:\n";
  return text + exports_text(module);
}

nlohmann::json json_of(const registry::ModuleFile& file, const engine::Description& module,
                       const Needs& needs) {
  return {{"name", file.name},
          {"kind", kind_name(module.form)},
          {"digest", file.digest().text()},
          {"size_bytes", file.bytes.size()},
          {"capabilities", needs},
          {"imports", module.imports},
          {"exports", module.exports},
          {"export_types", module.export_types},
          {"export_notes", module.export_notes},
          {"wit", module.wit}};
}

struct Options {
  std::string module;
  NameOptions names;
  bool json = false;
  bool effective = false;
  host::AskedPolicy policy;
  host::AskedTrust trust;
};

Result<int> inspect(const Options& options) {
  const std::string& path = options.module;
  const registry::Located located = BERTH_TRY(locate_shown(path, options.names));
  const registry::ModuleFile file = BERTH_TRY(registry::read_located(located));
  const UserFolders folders = BERTH_TRY(user_folders());
  const SeenClaims claims(file, BERTH_TRY(host::trusts_of(options.trust, folders)));
  if (options.effective) {
    const auto effective = BERTH_TRY(claims.effective(options.policy, folders));
    return options.json ? print_json(effective_json(effective)) : print(effective_text(effective));
  }
  const auto module = engine::Compiler(program(false), {}).describe(file.bytes);
  if (!module) return fail(module.error().code, fmt::format("'{}': {}", path, module.error().message));
  const Needs needs = needs_of(*module);
  if (!options.json) return print(text_of(file, *module, needs, claims.text(needs)));
  nlohmann::json json = json_of(file, *module, needs);
  json["claims"] = claims.json(needs);
  return print_json(json);
}

}  // namespace

int inspect_verb(const Arguments& arguments) {
  CLI::App app(
      "Shows a module's kind, digest and size, the WIT of its imports and exports, and the capabilities that "
      "its\n"
      "imports amount to; and who vouches for it, for what, and what it needs beyond that. Nothing of it is "
      "run.\n",
      "berth inspect");
  Options options;
  app.add_option("MODULE", options.module,
                 "a .wasm or .wat file, or a name such as oci://HOST/REPOSITORY:TAG")
      ->required();
  add_name_options(app, options.names);
  app.add_flag("--json", options.json, "one JSON object");
  app.add_flag("--effective", options.effective,
               "instead, the policy that a run with these options would get: asked, vouched for and allowed");
  add_policy_options(app, options.policy);
  add_trust_options(app, options.trust);
  app.footer(
      "\nFor example:\n\n  berth inspect --json module.wasm\n"
      "  berth inspect --effective --policy module.policy.toml module.wasm\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(inspect(options), style_of(options.json));
}

}  // namespace berth::cli
