// SPDX-License-Identifier: Apache-2.0
#pragma once
// A token: what one key says of another's owner, signed. A JWT (RFC 7515, compact) as the wascap tools write
// it, with one claim more:
//
//   {"typ":"jwt","alg":"Ed25519"}
//   {"exp":…,"jti":"…","iat":…,"iss":"A…","sub":"M…","nbf":…,
//    "wascap":{"name":"…","hash":"<SHA-256>","tags":[…],"rev":1,"ver":"1.2.0","prov":false},"wascap_revision":3,
//    "berth":{"v":1,"digest":"blake3:…","grants":["http.out https://api.example.com/*"],
//             "limits":{"memory":"64MiB"},"account":"<token of the account, signed by its operator>"}}
//
// An account (A) signs what it says of a module (M), an operator (O) what it says of an account; a key in
// another's place is refused. An account's token has no digest. Members of others' that stand beside are
// taken as they are, but within `berth` every one binds: one that isn't known here is refused.
//
// Pure; safe on any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "claims/nkey.h"
#include "policy/grant.h"
#include "policy/limits.h"

namespace berth::claims {

/// What a token vouches for.
struct Vouched {
  std::optional<std::vector<policy::Grant>> grants;  // absent, an operator's word alone: whatever there is
  policy::Limits limits;

  bool operator==(const Vouched&) const = default;
};

struct Token {
  PublicKey issuer;
  PublicKey subject;
  std::string id;
  uint64_t issued_at = 0;              // seconds since 1970, as all times here
  std::optional<uint64_t> not_before;  // absent: valid at once
  std::optional<uint64_t> expires;     // absent: never
  std::string name;
  std::string version;
  std::optional<uint64_t> revision;
  std::vector<std::string> tags;
  std::string wascap_hash;        // of a module
  uint64_t wascap_revision = 0;   // 0: not said
  bool has_berths_claim = false;  // what follows was said
  std::string digest;             // of a module: "blake3:…"
  Vouched vouched;
  std::string account_token;  // of a module's, the operator's word about the account; may be empty

  bool operator==(const Token&) const = default;
};

/// The longest text of names, versions and tags.
inline constexpr size_t kLongestName = 256;

/// Whether it can be vouched for: folders are any machine's. kDenied (kGrant) says how to write it.
Result<void> check_grant(const policy::Grant& grant);

/// A token whose signature is its issuer's: no other is ever made of a text. All refusals but those about a
/// module, a time or a trust file.
Result<Token> read_token(std::string_view text);

/// The token as `read_token` reads it, signed. kInvalidArgument where it couldn't be read again; `seed` is
/// the issuer's.
Result<std::string> write_token(const Token& token, const Seed& seed);

/// "2026-11-21 03:27:45 UTC".
std::string utc_text(uint64_t unix_seconds);

}  // namespace berth::claims
