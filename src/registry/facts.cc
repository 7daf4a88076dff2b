// SPDX-License-Identifier: Apache-2.0
#include "registry/facts.h"

#include "base/os/file.h"
#include "registry/module_file.h"
#include "web/foreign_json.h"

namespace berth::registry {
namespace {

using nlohmann::json;

constexpr uint64_t kMostFacts = 8 << 20;
constexpr size_t kDeepest = 8;

json json_of(const Signer& signer) {
  return {{"account", signer.account}, {"operator", signer.operator_key}, {"grants", signer.grants}};
}

}  // namespace

Signer signer_of(const claims::Chain& chain) {
  Signer signer{.account = chain.module.issuer.text(),
                .operator_key = chain.account ? chain.account->issuer.text() : "",
                .grants = {}};
  if (chain.module.vouched.grants) {
    for (const policy::Grant& grant : *chain.module.vouched.grants)
      signer.grants.push_back(policy::to_text(grant));
  }
  return signer;
}

std::string write_facts(const Facts& facts) {
  const json whole = {
      {"component", facts.component}, {"imports", facts.imports},
      {"exports", facts.exports},     {"needs", facts.needs},
      {"wrong", facts.wrong},         {"signer", facts.signer ? json_of(*facts.signer) : json()}};
  return whole.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<Facts> read_facts(std::string_view text) {
  const json whole = web::parse_shallow(text, kDeepest);
  // Without "signer" an earlier berth has written it.
  if (!whole.is_object() || !whole.contains("component") || !whole["component"].is_boolean() ||
      !whole.contains("signer"))
    return std::nullopt;
  Facts facts{.component = whole["component"].get<bool>(),
              .imports = web::texts_of(whole, "imports"),
              .exports = web::texts_of(whole, "exports"),
              .needs = web::texts_of(whole, "needs")};
  facts.wrong = web::text_of(whole, "wrong");
  if (const json& signer = whole["signer"]; signer.is_object())
    facts.signer = Signer{.account = web::text_of(signer, "account"),
                          .operator_key = web::text_of(signer, "operator"),
                          .grants = web::texts_of(signer, "grants")};
  return facts;
}

std::optional<Facts> facts_of(const Store& store, const Digest& module, const Describe& describe) {
  const std::string path = store.facts_path(module);
  if (const auto text = read_file(path, kMostFacts)) {
    if (auto facts = read_facts(*text)) return facts;
  }
  const auto bytes = store.read(module, kLargestModule);
  if (!bytes || !*bytes) return std::nullopt;
  Facts facts = describe(**bytes);
  const std::string text = write_facts(facts);
  const std::string_view parts[] = {text};
  // It is read again where this can't be kept.
  std::ignore = write_file(path, parts, 0600, Durability::kRenamed);
  return facts;
}

}  // namespace berth::registry
