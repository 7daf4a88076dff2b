// SPDX-License-Identifier: Apache-2.0
#include "claims/refusal.h"

#include <fmt/format.h>

namespace berth::claims {

std::string_view refusal_name(Refusal refusal) {
  switch (refusal) {
    case Refusal::kUnsigned:
      return "unsigned";
    case Refusal::kUnknownSigner:
      return "unknown-signer";
    case Refusal::kExpired:
      return "expired";
    case Refusal::kNotYetValid:
      return "not-yet-valid";
    case Refusal::kRevoked:
      return "revoked";
    case Refusal::kTampered:
      return "tampered";
    case Refusal::kSection:
      return "section";
    case Refusal::kSignature:
      return "signature";
    case Refusal::kKeyType:
      return "key-type";
    case Refusal::kKey:
      return "key";
    case Refusal::kAlgorithm:
      return "algorithm";
    case Refusal::kHeader:
      return "header";
    case Refusal::kFormat:
      return "format";
    case Refusal::kBase64:
      return "base64";
    case Refusal::kUtf8:
      return "utf-8";
    case Refusal::kJson:
      return "json";
    case Refusal::kNesting:
      return "nesting";
    case Refusal::kDuplicate:
      return "duplicate";
    case Refusal::kMissing:
      return "missing";
    case Refusal::kType:
      return "type";
    case Refusal::kNumber:
      return "number";
    case Refusal::kUnknown:
      return "unknown";
    case Refusal::kGrant:
      return "grant";
    case Refusal::kTooLarge:
      return "too-large";
    case Refusal::kChain:
      return "chain";
  }
  return "refused";
}

std::unexpected<Error> refuse(Refusal refusal, std::string_view detail) {
  return fail(ErrorCode::kDenied, fmt::format("{}: {}", refusal_name(refusal), detail));
}

bool is_refusal(const Error& error, Refusal refusal) {
  const std::string_view name = refusal_name(refusal);
  return error.code == ErrorCode::kDenied && error.message.starts_with(name) &&
         error.message.substr(name.size()).starts_with(": ");
}

}  // namespace berth::claims
