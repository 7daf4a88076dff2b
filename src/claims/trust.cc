// SPDX-License-Identifier: Apache-2.0
#include "claims/trust.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "claims/refusal.h"
#include "policy/nearest.h"
#include "policy/printable.h"
#include "policy/toml.h"
#include "policy/toml_bounds.h"

namespace berth::claims {
namespace {

using policy::Bounds;
using policy::Party;
using policy::quoted;

constexpr std::array<std::string_view, 4> kKeys{"require-signed", "operator", "account", "revoked"};
constexpr std::array<std::string_view, 3> kSignersKeys{"key", "grants", "limits"};
constexpr std::array<std::string_view, 2> kRevokedKeys{"keys", "tokens"};

/// Reads one file; every error begins with where it is.
class Reader {
 public:
  explicit Reader(std::string_view file_name) : file_name_(policy::printable(file_name)) {}

  Result<Trust> read(std::string_view text) const {
    const toml::table table = BERTH_TRY(policy::parse_toml(text, file_name_));
    Trust trust{.source = file_name_};
    for (auto&& [key, value] : table) {
      if (key == "require-signed") {
        const auto required = value.value_exact<bool>();
        if (!required) return wrong(value.source(), "'require-signed' is true or false");
        trust.require_signed = *required;
      } else if (key == "operator" || key == "account") {
        const KeyRole role = key == "operator" ? KeyRole::kOperator : KeyRole::kAccount;
        BERTH_TRY_VOID(read_signers(trust, value, role));
      } else if (key == "revoked") {
        BERTH_TRY_VOID(read_revoked(trust, value));
      } else {
        return unknown(key, "this file", kKeys);
      }
    }
    return trust;
  }

 private:
  std::unexpected<Error> wrong(const toml::source_region& where, std::string_view message) const {
    return policy::wrong_at(file_name_, where, message);
  }

  std::unexpected<Error> unknown(const toml::key& key, std::string_view where,
                                 std::span<const std::string_view> known) const {
    return wrong(key.source(), fmt::format("{} is not a key of {}{}", quoted(key.str()), where,
                                           policy::did_you_mean(key.str(), known)));
  }

  Result<const toml::table*> table_of(const toml::node& node, std::string_view shape) const {
    if (const toml::table* const table = node.as_table()) return table;
    return wrong(node.source(), shape);
  }

  Result<PublicKey> read_key(const toml::node& node) const {
    const auto* const text = node.as_string();
    if (text == nullptr) return wrong(node.source(), "a key is text, as 'berth keys show' prints it");
    auto key = parse_public_key(text->get());
    if (!key) return wrong(node.source(), key.error().message);
    return key;
  }

  Result<void> read_signers(Trust& trust, const toml::node& node, KeyRole role) const {
    const std::string shape =
        fmt::format("who is trusted stands in a table of its own: [{}.NAME]", role_name(role));
    for (auto&& [name, value] : *BERTH_TRY(table_of(node, shape))) {
      const toml::table& table = *BERTH_TRY(table_of(value, shape));
      Trusted signer = BERTH_TRY(read_signer(name, table, role));
      if (const Trusted* const other = trust.find(signer.key)) {
        return wrong(name.source(), fmt::format("'{}' has this key already", other->name));
      }
      trust.signers.push_back(std::move(signer));
    }
    return {};
  }

  Result<Trusted> read_signer(const toml::key& name, const toml::table& table, KeyRole role) const {
    Trusted signer{.name = policy::printable(name.str()), .key = {}, .most = {}};
    const auto* const key = table.get("key");
    if (key == nullptr) {
      return wrong(name.source(), fmt::format("[{}.{}] has no 'key'", role_name(role), signer.name));
    }
    signer.key = BERTH_TRY(read_key(*key));
    if (signer.key.role != role) {
      return wrong(key->source(),
                   fmt::format("this is the key of an {}: write it below [{}.{}]", role_name(signer.key.role),
                               role_name(signer.key.role), signer.name));
    }
    for (auto&& [member, value] : table) {
      if (member == "grants") {
        signer.most.grants = BERTH_TRY(policy::read_grants(value, file_name_, policy::Role::kOwner));
      } else if (member == "limits") {
        signer.most.limits = BERTH_TRY(policy::read_limits(value, "limits", file_name_));
      } else if (member != "key") {
        return unknown(member, fmt::format("[{}.{}]", role_name(role), signer.name), kSignersKeys);
      }
    }
    signer.most.source = fmt::format("{}: [{}.{}]", file_name_, role_name(role), signer.name);
    return signer;
  }

  Result<void> read_revoked(Trust& trust, const toml::node& node) const {
    for (auto&& [key, value] :
         *BERTH_TRY(table_of(node, "'revoked' is a table, [revoked] on a line of its own"))) {
      if (key != "keys" && key != "tokens") return unknown(key, "[revoked]", kRevokedKeys);
      const toml::array* const list = value.as_array();
      if (list == nullptr) return wrong(value.source(), fmt::format("'{}' is a list of texts", key.str()));
      for (const toml::node& item : *list) {
        if (key == "keys") {
          trust.revoked_keys.push_back(BERTH_TRY(read_key(item)));
        } else if (const auto* const text = item.as_string()) {
          trust.revoked_tokens.push_back(text->get());
        } else {
          return wrong(item.source(), "a token is named by its 'jti', as 'berth inspect' shows it");
        }
      }
    }
    return {};
  }

  std::string file_name_;
};

Result<void> check_times(const Token& token, std::string_view which, uint64_t now) {
  if (token.expires && *token.expires + kClockSkewSeconds < now) {
    return refuse(Refusal::kExpired, fmt::format("{} was valid until {}: have it signed again", which,
                                                 utc_text(*token.expires)));
  }
  if (token.not_before && *token.not_before > now + kClockSkewSeconds) {
    return refuse(Refusal::kNotYetValid, fmt::format("{} is valid from {} on, and it is {} now", which,
                                                     utc_text(*token.not_before), utc_text(now)));
  }
  return {};
}

Result<void> check_revoked(const Token& token, const Trust& trust) {
  for (const PublicKey& key : {token.issuer, token.subject}) {
    if (std::ranges::find(trust.revoked_keys, key) == trust.revoked_keys.end()) continue;
    return refuse(Refusal::kRevoked, fmt::format("the key of the {} {} is revoked ({})", role_name(key.role),
                                                 key.text(), trust.source));
  }
  if (std::ranges::find(trust.revoked_tokens, token.id) == trust.revoked_tokens.end()) return {};
  return refuse(Refusal::kRevoked, fmt::format("the token '{}' is revoked ({})", token.id, trust.source));
}

Bounds bounds_of(const Token& token, std::string source) {
  return {.grants = token.vouched.grants,
          .limits = token.vouched.limits,
          .source = std::move(source),
          .party = Party::kClaims};
}

/// A token of the wascap tools vouches for no capability.
Bounds streams_alone(std::string source) {
  Bounds bounds{.grants = std::vector<policy::Grant>(), .source = std::move(source), .party = Party::kClaims};
  if (auto streams = policy::parse_grant("stdio in,out,err", "every token's"))
    bounds.grants->push_back(*std::move(streams));
  return bounds;
}

std::unexpected<Error> nobody_vouches(const Chain& chain, const Trust& trust, std::span<const Trust> trusts) {
  const std::string who = chain.account ? fmt::format(" nor {}", operator_text(*chain.account, trusts)) : "";
  return refuse(Refusal::kUnknownSigner,
                fmt::format("neither {}{} is in {}: who trusts one of them writes its key there",
                            signer_text(chain, trusts), who, trust.source));
}

}  // namespace

const Trusted* Trust::find(const PublicKey& key) const {
  const auto found = std::ranges::find(signers, key, &Trusted::key);
  return found == signers.end() ? nullptr : &*found;
}

Result<Trust> parse_trust(std::string_view toml_text, std::string_view file_name) {
  return Reader(file_name).read(toml_text);
}

std::string operator_text(const Token& account, std::span<const Trust> trusts) {
  for (const Trust& trust : trusts) {
    if (const Trusted* const known = trust.find(account.issuer))
      return fmt::format("operator '{}' ({})", known->name, account.issuer.text());
  }
  return fmt::format("operator {}", account.issuer.text());
}

bool is_trusted(const Chain& chain, std::span<const Trust> trusts) {
  bool named = false;
  for (const Trust& trust : trusts) {
    if (trust.signers.empty() && !trust.require_signed) continue;
    named = trust.find(chain.module.issuer) != nullptr ||
            (chain.account && trust.find(chain.account->issuer) != nullptr);
    if (!named) return false;
  }
  return named;
}

std::string signer_text(const Chain& chain, std::span<const Trust> trusts) {
  const std::string key = chain.module.issuer.text();
  for (const Trust& trust : trusts) {
    if (const Trusted* const known = trust.find(chain.module.issuer))
      return fmt::format("account '{}' ({})", known->name, key);
  }
  if (chain.account && !chain.account->name.empty())
    return fmt::format("account '{}' ({})", chain.account->name, key);
  return fmt::format("account {}", key);
}

Result<std::vector<Bounds>> judge(const std::optional<Chain>& chain, std::span<const Trust> trusts,
                                  uint64_t now) {
  std::vector<Bounds> bounds;
  if (!chain) {
    const auto requires_one = std::ranges::find_if(trusts, &Trust::require_signed);
    if (requires_one == trusts.end()) return bounds;
    return refuse(Refusal::kUnsigned,
                  fmt::format("nobody vouches for it, and {} requires that somebody does: "
                              "'berth sign' makes a token",
                              requires_one->source));
  }
  const std::string signer = signer_text(*chain, trusts);
  BERTH_TRY_VOID(check_times(chain->module, "the token", now));
  bounds.push_back(chain->module.has_berths_claim ? bounds_of(chain->module, signer) : streams_alone(signer));
  if (chain->account) {
    BERTH_TRY_VOID(check_times(*chain->account, "the operator's token about the account", now));
    bounds.push_back(bounds_of(*chain->account, operator_text(*chain->account, trusts)));
  }
  for (const Trust& trust : trusts) {
    BERTH_TRY_VOID(check_revoked(chain->module, trust));
    if (chain->account) BERTH_TRY_VOID(check_revoked(*chain->account, trust));
    const Trusted* const account = trust.find(chain->module.issuer);
    const Trusted* const above = chain->account ? trust.find(chain->account->issuer) : nullptr;
    if (trust.require_signed && account == nullptr && above == nullptr)
      return nobody_vouches(*chain, trust, trusts);
    for (const Trusted* const signer_here : {account, above}) {
      if (signer_here != nullptr) bounds.push_back(signer_here->most);
    }
  }
  return bounds;
}

}  // namespace berth::claims
