// SPDX-License-Identifier: Apache-2.0
#include "cli/needs.h"

#include <optional>

#include "cli/verb.h"
#include "engine/compiler.h"
#include "engine/hashes.h"
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

Needs needs_of_imports(bool component, const std::vector<std::string>& imports) {
  Needs needs;
  for (const std::string& import : imports) {
    const auto capability = component ? policy::capability_of_import(import) : capability_of_preview1(import);
    if (capability) needs[std::string(capability_name(*capability))].push_back(import);
  }
  return needs;
}

}  // namespace

Needs needs_of(const engine::Description& module) {
  return needs_of_imports(module.form != engine::Form::kCore, module.imports);
}

std::vector<std::string> capabilities_of(const registry::Facts& module) {
  std::vector<std::string> capabilities;
  for (const auto& [capability, imports] : needs_of_imports(module.component, module.imports))
    capabilities.push_back(capability);
  return capabilities;
}

registry::Facts describe(std::string_view module_bytes) {
  const auto module = engine::Compiler(program(false), {}).describe(module_bytes);
  if (!module) return {.wrong = module.error().message};
  registry::Facts facts{.component = module->form == engine::Form::kComponent,
                        .imports = module->imports,
                        .exports = module->exports};
  facts.needs = capabilities_of(facts);
  const auto chain = claims::read_signed(module_bytes, engine::content_hash);
  if (!chain) {
    facts.wrong = chain.error().message;
  } else if (*chain) {
    facts.signer = registry::signer_of(**chain);
  }
  return facts;
}

}  // namespace berth::cli
