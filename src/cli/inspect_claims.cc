// SPDX-License-Identifier: Apache-2.0
#include "cli/inspect_claims.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "claims/sections.h"
#include "policy/grant.h"

namespace berth::cli {
namespace {

using claims::Token;
using nlohmann::json;

json list_of(const std::vector<policy::Grant>& grants) {
  json list = json::array();
  for (const policy::Grant& grant : grants) list.push_back(policy::to_text(grant));
  return list;
}

json json_of(const policy::Limits& limits) {
  json all = json::object();
  for (const policy::LimitName& limit : policy::limit_names()) {
    if (const auto text = policy::limit_text(limits, limit.name)) all[std::string(limit.name)] = *text;
  }
  return all;
}

json json_of(const Token& token) {
  json value = {{"issuer", token.issuer.text()},
                {"subject", token.subject.text()},
                {"token", token.id},
                {"name", token.name},
                {"issued", token.issued_at},
                {"expires", token.expires ? json(*token.expires) : json()},
                {"not_before", token.not_before ? json(*token.not_before) : json()},
                {"limits", json_of(token.vouched.limits)},
                {"grants", token.vouched.grants ? list_of(*token.vouched.grants) : json()},
                {"wascap", !token.has_berths_claim}};
  if (token.subject.role != claims::KeyRole::kModule) return value;
  value["version"] = token.version;
  value["revision"] = token.revision ? json(*token.revision) : json();
  value["tags"] = token.tags;
  return value;
}

std::string valid_text(const Token& token) {
  std::string text = token.not_before ? fmt::format("from {} ", claims::utc_text(*token.not_before)) : "";
  return text + (token.expires ? fmt::format("until {}", claims::utc_text(*token.expires)) : "for ever");
}

std::string vouched_text(const Token& token) {
  std::string text;
  if (!token.has_berths_claim) text += "  its bytes, and no capability but the standard streams\n";
  if (token.vouched.grants) {
    for (const policy::Grant& grant : *token.vouched.grants)
      text += fmt::format("  {}\n", policy::to_text(grant));
  } else if (token.has_berths_claim) {
    text += "  any capability\n";
  }
  for (const policy::LimitName& limit : policy::limit_names()) {
    if (const auto most = policy::limit_text(token.vouched.limits, limit.name))
      text += fmt::format("  at most {} {}\n", limit.name, *most);
  }
  return text;
}

}  // namespace

SeenClaims::SeenClaims(const registry::ModuleFile& file, std::vector<claims::Trust> trusts)
    : trusts_(std::move(trusts)) {
  auto vouching = host::vouch_for_bytes(file.bytes, file.name, trusts_);
  if (vouching) {
    chain_ = std::move(vouching->chain);
    bounds_ = std::move(vouching->bounds);
    return;
  }
  refused_ = std::move(vouching).error();
  const auto place = claims::find_token(file.bytes);
  if (!place || !*place) return;
  if (auto chain = claims::read_chain((*place)->token)) chain_ = *std::move(chain);
}

std::vector<std::string> SeenClaims::beyond(const Needs& needs) const {
  std::vector<std::string> lacking;
  const auto& grants = chain_->module.vouched.grants;
  for (const auto& [capability, imports] : needs) {
    const bool vouched = grants && std::ranges::any_of(*grants, [&](const policy::Grant& grant) {
                           return policy::capability_name(grant.capability) == capability;
                         });
    const bool streams_of_wascaps = !chain_->module.has_berths_claim && capability == "stdio";
    if (!vouched && !streams_of_wascaps) lacking.push_back(capability);
  }
  return lacking;
}

std::string SeenClaims::text(const Needs& needs) const {
  if (!chain_ && !refused_) return "  token   none\n";
  if (!chain_) return fmt::format("  token   {}\n", refused_->message);
  const Token& token = chain_->module;
  std::string text = fmt::format(
      "\nclaims:\n  module      {}{}{}, {}\n", token.name, token.version.empty() ? "" : " " + token.version,
      token.revision ? fmt::format(", revision {}", *token.revision) : "", token.subject.text());
  if (!token.tags.empty()) text += fmt::format("  tags        {}\n", fmt::join(token.tags, ", "));
  text += fmt::format("  signed by   {}, {}\n", claims::signer_text(*chain_, trusts_), valid_text(token));
  if (chain_->account) {
    text += fmt::format("  who has     the word of {}, {}\n",
                        claims::operator_text(*chain_->account, trusts_), valid_text(*chain_->account));
  }
  text += fmt::format("  token       {}\n", token.id);
  text += refused_
              ? fmt::format("  here        {}\n", refused_->message)
              : fmt::format("  here        {}\n", claims::is_trusted(*chain_, trusts_)
                                                      ? "it is taken, and trusted"
                                                      : "it is taken and binds, and nobody here trusts it");
  text += "\nthe account vouches for:\n" + vouched_text(token);
  if (chain_->account)
    text += "\nthe operator's word about the account is about:\n" + vouched_text(*chain_->account);
  const auto lacking = beyond(needs);
  text += fmt::format("\nits imports need beyond what is vouched for: {}\n",
                      lacking.empty() ? "nothing" : fmt::format("{}", fmt::join(lacking, ", ")));
  return text;
}

json SeenClaims::json(const Needs& needs) const {
  nlohmann::json value = {{"refused", refused_ ? nlohmann::json(refused_->message) : nlohmann::json()}};
  if (!chain_) return refused_ ? value : nlohmann::json();
  value["module"] = json_of(chain_->module);
  value["account"] = chain_->account ? json_of(*chain_->account) : nlohmann::json();
  value["signer"] = claims::signer_text(*chain_, trusts_);
  value["trusted"] = !refused_ && claims::is_trusted(*chain_, trusts_);
  value["beyond"] = beyond(needs);
  return value;
}

Result<policy::Effective> SeenClaims::effective(const host::AskedPolicy& asked,
                                                const UserFolders& folders) const {
  if (refused_) return std::unexpected(*refused_);
  return host::effective_policy(asked, bounds_, folders);
}

std::string effective_text(const policy::Effective& effective) {
  std::string text;
  for (const policy::Cut& cut : effective.cuts) text += fmt::format("# {}\n", policy::explain(cut));
  for (const policy::Lowered& lowered : effective.lowered)
    text += fmt::format("# {}\n", policy::explain(lowered));
  return text + policy::to_toml(effective.policy);
}

nlohmann::json effective_json(const policy::Effective& effective) {
  json cuts = json::array();
  for (const policy::Cut& cut : effective.cuts) {
    cuts.push_back({{"grant", policy::to_text(cut.asked)},
                    {"kept", list_of(cut.kept)},
                    {"party", policy::party_name(cut.party)},
                    {"by", cut.source}});
  }
  for (const policy::Lowered& lowered : effective.lowered) {
    cuts.push_back({{"limit", lowered.name},
                    {"asked", lowered.asked},
                    {"kept", lowered.kept},
                    {"party", policy::party_name(lowered.party)},
                    {"by", lowered.source}});
  }
  return {{"grants", list_of(effective.policy.grants)},
          {"limits", json_of(effective.policy.limits)},
          {"cuts", std::move(cuts)}};
}

}  // namespace berth::cli
