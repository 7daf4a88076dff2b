// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whom the owner of a machine trusts to vouch for modules: trust.toml, beside host.toml.
//
//   require-signed = true            # nothing runs for which nobody named here vouches
//   [operator.harbour]               # vouches for accounts, and so for their modules
//   key = "OB…"
//   grants = ["http.out https://*.example.com/*"]   # the most it may vouch for; without: anything
//   limits = { memory = "512MiB" }
//   [account.shop]                   # vouches for modules
//   key = "AC…"
//   [revoked]
//   keys = ["AD…", "MA…"]
//   tokens = ["1f0c…"]               # by their 'jti'
//
// Pure: the time is handed in. Safe on any thread.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "claims/nkey.h"
#include "claims/signed_module.h"
#include "policy/policy.h"

namespace berth::claims {

/// Times of other machines may be off by so much.
inline constexpr uint64_t kClockSkewSeconds = 60;

struct Trusted {
  std::string name;  // as the file calls it
  PublicKey key;
  policy::Bounds most;  // that it may vouch for
};

struct Trust {
  bool require_signed = false;
  std::vector<Trusted> signers;  // operators and accounts
  std::vector<PublicKey> revoked_keys;
  std::vector<std::string> revoked_tokens;
  std::string source;  // the file's name

  const Trusted* find(const PublicKey& key) const;
};

/// Errors begin with `file_name:line:column`. Folders are as written.
Result<Trust> parse_trust(std::string_view toml_text, std::string_view file_name);

/// What a module's claims leave of any policy, in turn: the account's own about the module, the operator's
/// about the account, and the most that each file lets them vouch for. Nothing for a module without a token,
/// where none is required.
///
/// A token binds also where nobody named here vouches for it: it can only take away. Refusals: kUnsigned,
/// kUnknownSigner, kExpired, kNotYetValid, kRevoked.
Result<std::vector<policy::Bounds>> judge(const std::optional<Chain>& chain, std::span<const Trust> trusts,
                                          uint64_t now);

/// "account 'shop' (AC…)", by the first name that a file has for it, or the token about it.
std::string signer_text(const Chain& chain, std::span<const Trust> trusts);
/// The same of the operator whose token about an account this is.
std::string operator_text(const Token& account, std::span<const Trust> trusts);

/// Whether each of the files that names anybody, and there is one, names who signed it, or the operator
/// above.
bool is_trusted(const Chain& chain, std::span<const Trust> trusts);

}  // namespace berth::claims
