// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where a module carries its token: a custom section `jwt` (or `wasmcloud_jwt`, as later wascap tools write
// it) behind all others, once, not inside of a part of the module. What is signed is every byte in front of
// it, so a token that stands anywhere else is refused: it could hide what it doesn't cover.
//
// Sections are told by their headers alone (https://webassembly.github.io/spec/core/binary/modules.html, and
// the component model's Binary.md), what is in them isn't looked at. Pure; safe on any thread.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::claims {

/// The most that a token's section may hold.
inline constexpr size_t kLargestToken = 64 << 10;

struct TokenPlace {
  uint64_t begin = 0;  // of its section: all bytes before are what is signed
  std::string token;
};

/// Up to `size` bytes from `offset` on; fewer where the module ends. They stay until the next call.
using ReadAt = std::function<std::string_view(uint64_t offset, size_t size)>;

/// Nothing for a module without a token and for what isn't a binary module. Refusals: kSection, kTooLarge (of
/// the token, or a million sections).
/// kInvalidModule: its sections don't add up.
Result<std::optional<TokenPlace>> find_token(const ReadAt& read, uint64_t size);
Result<std::optional<TokenPlace>> find_token(std::string_view module);

/// The module without the tokens that stand beside its other sections, wherever; for signing anew. One inside
/// of a part is refused.
Result<std::string> without_tokens(std::string_view module);

/// The module with a token's section behind all others.
std::string with_token(std::string_view bare, std::string_view token);

/// What the wascap tools take a module's hash over: its sections with lengths written as short as can be and
/// without tokens at any depth; of most modules simply their bytes. As text of 64 capital hexadecimal digits
/// of the SHA-256. kInvalidModule, or kNesting beyond 32 parts in parts.
Result<std::string> wascap_hash(std::string_view module);

}  // namespace berth::claims
