// SPDX-License-Identifier: Apache-2.0
// Foreign bytes against everything in this room that reads them: nothing crashes, nothing is accepted that
// nobody signed, and what is signed is read back the same. A thousand rounds of each, or as many as fit into
// BERTH_FUZZ_SECONDS.

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <random>

#include "claims/refusal.h"
#include "claims/strict_json.h"
#include "claims/testing.h"
#include "claims/trust.h"

using namespace berth;
using namespace berth::claims;
using namespace berth::claims::testing;

namespace {

/// Rounds of one case: a number of them, or until its part of the time is over.
class Rounds {
 public:
  explicit Rounds(uint64_t seed) : random(seed) {
    const char* const asked = std::getenv("BERTH_FUZZ_SECONDS");
    constexpr int kCases = 5;
    if (asked != nullptr) until_ = Clock::now() + std::chrono::seconds(std::atoi(asked)) / kCases;
  }
  bool next() {
    ++done_;
    return until_ == Clock::time_point() ? done_ <= 1000 : done_ % 64 != 0 || Clock::now() < until_;
  }
  ~Rounds() {
    if (until_ != Clock::time_point()) MESSAGE(done_ << " rounds");
  }
  Rounds(const Rounds&) = delete;
  Rounds& operator=(const Rounds&) = delete;

  std::mt19937_64 random;

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point until_;
  uint64_t done_ = 0;
};

/// A few bytes changed, put in, taken out, doubled, or taken from another place.
std::string mutated(std::string text, std::mt19937_64& random, std::string_view special) {
  for (uint64_t left = 1 + random() % 5; left > 0; --left) {
    const size_t at = text.empty() ? 0 : random() % text.size();
    switch (random() % 6) {
      case 0:
        text.insert(at, 1, special[random() % special.size()]);
        break;
      case 1:
        text.insert(at, text.substr(at, random() % 40));
        break;
      case 2:
        text.erase(at, 1 + random() % 8);
        break;
      case 3:
        if (!text.empty()) text[at] = static_cast<char>(random());
        break;
      case 4:
        text.insert(at, text.substr(text.empty() ? 0 : random() % text.size(), random() % 60));
        break;
      default:
        if (!text.empty()) text[at] = special[random() % special.size()];
    }
  }
  return text;
}

constexpr std::string_view kJsonBytes = "{}[]\",:\\u0019-+.eEtrufalsn \n\0\x1b\xff\xc0\xed\xa0\x80"sv;
constexpr std::string_view kBinary = "\0\1\2\3\4\x0a\x7f\x80\x81\xff\x0djwtasm"sv;

const char* const kBerths =
    R"({"v":1,"digest":"blake3:00","grants":["dns *.a.b","files *:/data:rw","http.out https://a.b/*"],)"
    R"("limits":{"memory":"64MiB","cpu.time":"2s"},"account":""})";

}  // namespace

TEST_CASE("no JSON makes its reader stumble") {
  Rounds rounds(31);
  const std::string good = body(kBerths, R"("wascap":{"name":"a\u00e9","tags":["x"],"rev":3},"exp":99,)");
  while (rounds.next()) {
    const auto read = Json::parse(mutated(good, rounds.random, kJsonBytes));
    if (!read) CHECK_FALSE(read.error().message.empty());
  }
}

TEST_CASE("no signed body makes the reader of tokens stumble, and what it reads can be signed again") {
  Rounds rounds(32);
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
  Rounds rounds(33);
  const std::string good = write_token(module_token(), kAccount).value();
  while (rounds.next()) {
    const std::string text = mutated(good, rounds.random, "AZaz09-_.=+/ \n");
    if (text == good) continue;
    CAPTURE(text);
    CHECK_FALSE(read_token(text).has_value());
  }
}

TEST_CASE("no module that was changed is a signed one with the same token") {
  Rounds rounds(34);
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
  Rounds rounds(35);
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
