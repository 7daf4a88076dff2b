// SPDX-License-Identifier: Apache-2.0
#pragma once
// A module and what its token says of it: read, held against its bytes, and signed.
//
// The token of berth's own covers the module by a BLAKE3 of every byte in front of the token's section, which
// is the module's last. The SHA-256 that stands beside it is for the wascap tools; where it alone is there,
// it is what is checked. Such a token says nothing of capabilities that berth could hold a module to: it
// vouches for the module's bytes, and for no capability but the standard streams.
//
// Pure; safe on any thread.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "claims/nkey.h"
#include "claims/sections.h"
#include "claims/token.h"

namespace berth::claims {

/// The BLAKE3 of bytes as 64 hexadecimal digits: the engine's, which is many times faster than SHA-256.
using Blake3 = std::function<std::string(std::string_view)>;

/// A module's token, and the operator's about the account that signed it.
struct Chain {
  std::string text;  // of the module's token
  Token module;
  std::optional<Token> account;

  bool operator==(const Chain&) const = default;
};

/// Every signature in it holds. Refusals of `read_token`, and kChain.
Result<Chain> read_chain(std::string_view token);

/// Whether the bytes in front of the token's section are what was signed: kTampered if not.
Result<void> check_bytes(const Chain& chain, std::string_view in_front, const Blake3& blake3);

/// Both of a module; nothing for one without a token. kInvalidModule where its sections don't add up.
Result<std::optional<Chain>> read_signed(std::string_view module, const Blake3& blake3);

/// The module with a new token instead of any that it had. What is about its bytes is put into `token` here.
Result<std::string> sign_module(std::string_view module, Token token, const Seed& account,
                                const Blake3& blake3);

}  // namespace berth::claims
