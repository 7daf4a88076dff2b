// SPDX-License-Identifier: Apache-2.0
#include "claims/signed_module.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <random>

#include "claims/refusal.h"
#include "claims/testing.h"
#include "claims/trust.h"

using namespace berth;
using namespace berth::claims;
using namespace berth::claims::testing;

namespace {

std::string chained() {
  Token token = module_token();
  token.account_token = write_token(account_token(), kOperator).value();
  return sign_module(component(), token, kAccount, hash).value();
}

/// Whether an owner who requires tokens would run it.
bool runs(std::string_view module) {
  static const Trust trust =
      parse_trust(
          "require-signed = true\n[operator.harbour]\nkey = \"" + kOperator.public_key().text() + "\"\n", "t")
          .value();
  const auto chain = read_signed(module, hash);
  return chain && judge(*chain, std::span(&trust, 1), kNow).has_value();
}

/// The sections of a module, each whole, behind its first eight bytes.
std::vector<std::string> sections_of(const std::string& module) {
  std::vector<std::string> sections;
  for (size_t at = 8; at < module.size();) {
    size_t body = at + 1;
    size_t length = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = static_cast<uint8_t>(module[body++]);
      length |= static_cast<size_t>(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    sections.push_back(module.substr(at, body + length - at));
    at = body + length;
  }
  return sections;
}

std::string joined(const std::string& module, const std::vector<std::string>& sections) {
  std::string text = module.substr(0, 8);
  for (const std::string& section : sections) text += section;
  return text;
}

/// How many ways of changing one byte are tried: all, or as many as BERTH_TAMPER_WAYS says.
size_t ways() {
  const char* const asked = std::getenv("BERTH_TAMPER_WAYS");
  return asked == nullptr ? 0 : std::strtoull(asked, nullptr, 10);
}

}  // namespace

TEST_CASE("a signed module is read with its chain") {
  const std::string module = chained();
  const auto chain = read_signed(module, hash).value();
  REQUIRE(chain);
  CHECK(chain->module.name == "shop");
  CHECK(chain->module.issuer == kAccount.public_key());
  REQUIRE(chain->account);
  CHECK(chain->account->issuer == kOperator.public_key());
  CHECK(runs(module));
  CHECK(module.starts_with(component()));
}

TEST_CASE("signing again replaces the token") {
  Token token = module_token();
  token.name = "other";
  const std::string once = chained();
  const std::string again = sign_module(once, token, kAccount, hash).value();
  CHECK(again == sign_module(component(), token, kAccount, hash).value());
  CHECK(read_signed(again, hash).value()->module.name == "other");
}

TEST_CASE("a module with one byte changed never runs") {
  const std::string module = chained();
  std::string changed = module;
  const auto attempt = [&](size_t at, uint8_t bits) {
    changed[at] = static_cast<char>(changed[at] ^ bits);
    const bool ran = runs(changed);
    changed[at] = module[at];
    return ran;
  };
  size_t ran = 0;
  for (size_t at = 0; at < module.size(); ++at) {
    for (const int bits : {1, 2, 4, 8, 16, 32, 64, 128, 0xff})
      ran += attempt(at, static_cast<uint8_t>(bits)) ? 1 : 0;
  }
  std::mt19937_64 random(1);
  for (size_t i = 0; i < ways(); ++i) {
    ran += attempt(random() % module.size(), static_cast<uint8_t>(1 + random() % 255)) ? 1 : 0;
  }
  CHECK(ran == 0);
  CHECK(runs(changed));
}

TEST_CASE("a module with a section moved, doubled, dropped or put in never runs") {
  const std::string module = chained();
  const std::vector<std::string> sections = sections_of(module);
  REQUIRE(joined(module, sections) == module);
  REQUIRE(sections.size() == 4);
  for (size_t i = 0; i < sections.size(); ++i) {
    auto dropped = sections;
    dropped.erase(dropped.begin() + static_cast<ptrdiff_t>(i));
    CHECK_FALSE(runs(joined(module, dropped)));
    for (size_t to = 0; to <= dropped.size(); ++to) {
      auto moved = dropped;
      moved.insert(moved.begin() + static_cast<ptrdiff_t>(to), sections[i]);
      if (moved != sections) CHECK_FALSE(runs(joined(module, moved)));
    }
    for (size_t to = 0; to <= sections.size(); ++to) {
      auto doubled = sections;
      doubled.insert(doubled.begin() + static_cast<ptrdiff_t>(to), sections[i]);
      CHECK_FALSE(runs(joined(module, doubled)));
      auto more = sections;
      more.insert(more.begin() + static_cast<ptrdiff_t>(to), custom("more", "x"));
      CHECK_FALSE(runs(joined(module, more)));
    }
  }
}

TEST_CASE("a module with bytes put in, taken out or cut off never runs") {
  const std::string module = chained();
  for (size_t at = 0; at < module.size(); ++at) {
    CHECK_FALSE(runs(module.substr(0, at)));
    CHECK_FALSE(runs(module.substr(0, at) + module.substr(at + 1)));
    CHECK_FALSE(runs(module.substr(0, at) + '\0' + module.substr(at)));
    CHECK_FALSE(runs(module.substr(0, at) + module[at] + module.substr(at)));
  }
}

TEST_CASE("a token doesn't fit another module, and none about an account fits any") {
  const std::string token = find_token(chained()).value()->token;
  CHECK(is_refusal(read_signed(with_token(core_module(), token), hash).error(), Refusal::kTampered));
  const std::string account = write_token(account_token(), kOperator).value();
  CHECK(is_refusal(read_signed(with_token(core_module(), account), hash).error(), Refusal::kKeyType));
}

TEST_CASE("an operator's word about another account is refused") {
  Token token = module_token();
  Token other = account_token();
  other.subject = seed_of(KeyRole::kAccount, 77).public_key();
  token.account_token = write_token(other, kOperator).value();
  CHECK(is_refusal(sign_module(core_module(), token, kAccount, hash).error(), Refusal::kChain));
}

TEST_CASE("a token of the wascap tools is held against its hash, one of an early tool is refused") {
  const std::string hash_text = wascap_hash(core_module()).value();
  const auto theirs = [&](const std::string& hash_claimed, const char* revision) {
    return with_token(
        core_module(),
        signed_body(R"({"jti":"1","iat":5,"iss":")" + kAccount.public_key().text() + R"(","sub":")" +
                    kModule.public_key().text() + R"(","wascap":{"name":"x","hash":")" + hash_claimed +
                    R"("},"wascap_revision":)" + revision + "}"));
  };
  CHECK(read_signed(theirs(hash_text, "3"), hash).has_value());
  CHECK(is_refusal(read_signed(theirs(std::string(64, '0'), "3"), hash).error(), Refusal::kTampered));
  CHECK(is_refusal(read_signed(theirs(hash_text, "2"), hash).error(), Refusal::kTampered));
}
