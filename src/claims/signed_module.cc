// SPDX-License-Identifier: Apache-2.0
#include "claims/signed_module.h"

#include <fmt/format.h>

#include "claims/refusal.h"

namespace berth::claims {
namespace {

constexpr std::string_view kDigest = "blake3:";
/// Earlier tools took the hash over something else.
constexpr uint64_t kHashedSince = 3;

}  // namespace

Result<Chain> read_chain(std::string_view token) {
  Token module = BERTH_TRY(read_token(token));
  Chain chain{.text = std::string(token), .module = std::move(module), .account = std::nullopt};
  if (chain.module.subject.role != KeyRole::kModule) {
    return refuse(Refusal::kKeyType, "a module carries a token about an account");
  }
  if (chain.module.account_token.empty()) return chain;
  auto account = read_token(chain.module.account_token);
  if (!account) {
    Error error = std::move(account).error();
    error.message += " (in the operator's token about the account)";
    return std::unexpected(std::move(error));
  }
  if (account->subject != chain.module.issuer) {
    return refuse(Refusal::kChain, fmt::format("the operator's token is about {}, and {} signed the module",
                                               account->subject.text(), chain.module.issuer.text()));
  }
  chain.account = *std::move(account);
  return chain;
}

Result<void> check_bytes(const Chain& chain, std::string_view in_front, const Blake3& blake3) {
  constexpr std::string_view kAnother =
      "the module isn't what was signed: get it again, or have it signed as it is now";
  const Token& token = chain.module;
  if (token.has_berths_claim) {
    if (token.digest == fmt::format("{}{}", kDigest, blake3(in_front))) return {};
    return refuse(Refusal::kTampered, kAnother);
  }
  if (token.wascap_revision < kHashedSince) {
    return refuse(
        Refusal::kTampered,
        "its token is of a wascap before 0.12, whose hash of the module can't be checked: sign it again");
  }
  if (token.wascap_hash != BERTH_TRY(wascap_hash(in_front))) return refuse(Refusal::kTampered, kAnother);
  return {};
}

Result<std::optional<Chain>> read_signed(std::string_view module, const Blake3& blake3) {
  const auto place = BERTH_TRY(find_token(module));
  if (!place) return std::nullopt;
  Chain chain = BERTH_TRY(read_chain(place->token));
  BERTH_TRY_VOID(check_bytes(chain, module.substr(0, place->begin), blake3));
  return chain;
}

Result<std::string> sign_module(std::string_view module, Token token, const Seed& account,
                                const Blake3& blake3) {
  const std::string bare = BERTH_TRY(without_tokens(module));
  token.has_berths_claim = true;
  token.digest = fmt::format("{}{}", kDigest, blake3(bare));
  token.wascap_hash = BERTH_TRY(wascap_hash(bare));
  std::string whole = with_token(bare, BERTH_TRY(write_token(token, account)));
  // What wouldn't be taken is never handed out.
  BERTH_TRY_VOID(read_signed(whole, blake3));
  return whole;
}

}  // namespace berth::claims
