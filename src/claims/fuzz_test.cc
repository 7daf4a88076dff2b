// SPDX-License-Identifier: Apache-2.0
// Foreign bytes against everything in this room that reads them: nothing crashes, nothing is accepted that
// nobody signed, and what is signed is read back the same.

#include <doctest/doctest.h>

#include <algorithm>

#include "base/fuzzing.h"
#include "claims/refusal.h"
#include "claims/strict_json.h"
#include "claims/testing.h"
#include "claims/trust.h"

using namespace berth;
using namespace berth::claims;
using namespace berth::claims::testing;

namespace {

constexpr int kCases = 5;

constexpr std::string_view kJsonBytes = "{}[]\",:\\u0019-+.eEtrufalsn \n\0\x1b\xff\xc0\xed\xa0\x80"sv;
constexpr std::string_view kBinary = "\0\1\2\3\4\x0a\x7f\x80\x81\xff\x0djwtasm"sv;

const char* const kBerths =
    R"({"v":1,"digest":"blake3:00","grants":["dns *.a.b","files *:/data:rw","http.out https://a.b/*"],)"
    R"("limits":{"memory":"64MiB","cpu.time":"2s"},"account":""})";

}  // namespace

TEST_CASE("no JSON makes its reader stumble") {
  Rounds rounds(31, kCases);
  const std::string good = body(kBerths, R"("wascap":{"name":"a\u00e9","tags":["x"],"rev":3},"exp":99,)");
  while (rounds.next()) {
    const auto read = Json::parse(mutated(good, rounds.random, kJsonBytes));
    if (!read) CHECK_FALSE(read.error().message.empty());
  }
}

TEST_CASE("no signed body makes the reader of tokens stumble, and what it reads can be signed again") {
  Rounds rounds(32, kCases);
  size_t taken = 0;
  const std::string good = body(kBerths, R"("wascap":{"name":"a","tags":["x"],"rev":3,"ver":"1"},"exp":99,)");
  while (rounds.next()) {
    const auto token = read_token(signed_body(mutated(good, rounds.random, kJsonBytes)));
    if (!token) continue;
    ++taken;
    if (!token->has_berths_claim) continue;
    const auto again = read_token(write_token(*token, kAccount).value());
    REQUIRE(again.has_value());
    CHECK(again->vouched.limits == token->vouched.limits);
    CHECK(again->name == token->name);
    CHECK(again->expires == token->expires);
  }
  CHECK(taken > 0);
}

TEST_CASE("no text that was changed is a token") {
  Rounds rounds(33, kCases);
  const std::string good = write_token(module_token(), kAccount).value();
  while (rounds.next()) {
    const std::string text = mutated(good, rounds.random, "AZaz09-_.=+/ \n");
    if (text == good) continue;
    CAPTURE(text);
    CHECK_FALSE(read_token(text).has_value());
  }
}

TEST_CASE("no module that was changed is a signed one with the same token") {
  Rounds rounds(34, kCases);
  Token token = module_token();
  token.account_token = write_token(account_token(), kOperator).value();
  const std::string good = sign_module(component(), token, kAccount, hash).value();
  while (rounds.next()) {
    const std::string module = mutated(good, rounds.random, kBinary);
    if (module == good) continue;
    const auto chain = read_signed(module, hash);
    // Without its token it is a module that nobody signed.
    if (chain) CHECK_FALSE(chain->has_value());
    std::ignore = without_tokens(module);
    std::ignore = wascap_hash(module);
  }
}

TEST_CASE("no text makes the reader of keys or of trust files stumble") {
  Rounds rounds(35, kCases);
  const std::string keys[] = {kAccount.public_key().text(), kAccount.text(), kOperator.public_key().text()};
  const std::string file =
      "require-signed = true\n[account.shop]\nkey = \"" + keys[0] +
      "\"\ngrants = [\"dns *.a.b\"]\nlimits = { memory = \"1MiB\" }\n[revoked]\nkeys = [\"" + keys[2] +
      "\"]\ntokens = [\"x\"]\n";
  while (rounds.next()) {
    const std::string& key = keys[rounds.random() % 3];
    const std::string changed = mutated(key, rounds.random, "AZ27az=");
    if (changed != key) {
      const auto read = parse_public_key(changed);
      CHECK_FALSE((read && read->text() != changed));
      const auto seed = Seed::parse(changed);
      CHECK_FALSE((seed && seed->text() != changed));
    }
    const auto trust = parse_trust(mutated(file, rounds.random, "[]{}\"'=.#\n\\ az\0\xff"sv), "f.toml");
    if (!trust) CHECK(trust.error().message.starts_with("f.toml:"));
  }
}
