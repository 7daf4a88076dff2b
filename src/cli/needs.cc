// SPDX-License-Identifier: Apache-2.0
#include "cli/needs.h"

#include <optional>

#include "cli/verb.h"
#include "engine/compiler.h"
#include "policy/capability.h"

namespace berth::cli {
namespace {

/// A core module of preview 1 imports functions; what they amount to once the module is wrapped.
std::optional<policy::Capability> capability_of_preview1(std::string_view import) {
  const std::string_view function = import.substr(import.find(' ') + 1);
  if (function.starts_with("path_") || function == "fd_prestat_get" || function == "fd_readdir") {
    return policy::Capability::kFiles;
  }
  if (function.starts_with("environ_")) return policy::Capability::kEnv;
  if (function.starts_with("sock_")) return policy::Capability::kSocketIn;
  if (function == "fd_read" || function == "fd_write") return policy::Capability::kStdio;
  return std::nullopt;
}

}  // namespace

Needs needs_of(const engine::Description& module) {
  Needs needs;
  for (const std::string& import : module.imports) {
    const auto capability = module.form == engine::Form::kCore ? capability_of_preview1(import)
                                                               : policy::capability_of_import(import);
    if (capability) needs[std::string(capability_name(*capability))].push_back(import);
  }
  return needs;
}

registry::Facts describe(std::string_view module_bytes) {
  const auto module = engine::Compiler(program(false), {}).describe(module_bytes);
  if (!module) return {.wrong = module.error().message};
  registry::Facts facts{.component = module->form == engine::Form::kComponent,
                        .imports = module->imports,
                        .exports = module->exports};
  for (const auto& [capability, imports] : needs_of(*module)) facts.needs.push_back(capability);
  return facts;
}

}  // namespace berth::cli
