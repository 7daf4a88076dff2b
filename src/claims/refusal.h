// SPDX-License-Identifier: Apache-2.0
#pragma once
// Why a token isn't taken, each reason with a name of its own. A refusal is an error (kDenied) whose message
// begins with that name: "expired: it was valid until …".
//
// Pure; safe on any thread.

#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::claims {

enum class Refusal {
  kUnsigned,       // there is no token, and one is required
  kUnknownSigner,  // nobody whom the owner trusts vouches for it
  kExpired,
  kNotYetValid,
  kRevoked,    // a key or a token of the chain
  kTampered,   // the module isn't what was signed
  kSection,    // the token stands elsewhere than last, twice, or inside a part
  kSignature,  // the signature isn't its issuer's
  kKeyType,    // a key of one kind where another must be
  kKey,        // no key at all
  kAlgorithm,  // anything but Ed25519
  kHeader,     // a header with more than it may say
  kFormat,     // not three parts
  kBase64,
  kUtf8,
  kJson,
  kNesting,
  kDuplicate,  // a member that stands twice
  kMissing,
  kType,     // a member of another type
  kNumber,   // out of range
  kUnknown,  // a claim that this berth doesn't know, and so can't hold to
  kGrant,    // a grant or a limit that can't be read
  kTooLarge,
  kChain,  // the operator's token is about another account
};

/// "expired": what messages begin with.
std::string_view refusal_name(Refusal refusal);

/// `refuse(Refusal::kExpired, "it was valid until …")`.
std::unexpected<Error> refuse(Refusal refusal, std::string_view detail);

/// Whether an error is that refusal.
bool is_refusal(const Error& error, Refusal refusal);

}  // namespace berth::claims
