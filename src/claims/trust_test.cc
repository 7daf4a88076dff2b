// SPDX-License-Identifier: Apache-2.0
#include "claims/trust.h"

#include <doctest/doctest.h>

#include "claims/refusal.h"
#include "claims/testing.h"

using namespace berth;
using namespace berth::claims;
using namespace berth::claims::testing;

namespace {

const std::string kAccountKey = kAccount.public_key().text();
const std::string kOperatorKey = kOperator.public_key().text();
const std::string kModuleKey = kModule.public_key().text();

/// A chain of tokens, and what an owner makes of it.
struct Case {
  Token module = module_token();
  std::optional<Token> account = account_token();
  uint64_t now = kNow;

  Result<std::vector<policy::Bounds>> judged(const std::string& trust) const {
    const Chain chain{.text = "", .module = module, .account = account};
    const Trust read = parse_trust(trust, "trust.toml").value();
    return judge(chain, std::span(&read, 1), now);
  }
  Refusal refused(const std::string& trust) const {
    const auto result = judged(trust);
    REQUIRE_FALSE(result.has_value());
    for (const Refusal refusal :
         {Refusal::kUnknownSigner, Refusal::kExpired, Refusal::kNotYetValid, Refusal::kRevoked}) {
      if (is_refusal(result.error(), refusal)) return refusal;
    }
    FAIL(result.error().message);
    return Refusal::kFormat;
  }
};

std::string trusts(const std::string& table, const std::string& key, const std::string& more = "") {
  return "require-signed = true\n[" + table + "]\nkey = \"" + key + "\"\n" + more;
}

std::string mistake(const std::string& text) {
  const auto read = parse_trust(text, "trust.toml");
  REQUIRE_FALSE(read.has_value());
  return read.error().message;
}

}  // namespace

TEST_CASE("who signed is trusted by its own key, or by the operator's that vouches for it") {
  CHECK(Case().judged(trusts("account.shop", kAccountKey)).has_value());
  CHECK(Case().judged(trusts("operator.harbour", kOperatorKey)).has_value());
  CHECK(Case().refused("require-signed = true\n") == Refusal::kUnknownSigner);
  const std::string stranger = seed_of(KeyRole::kAccount, 9).public_key().text();
  CHECK(Case().refused(trusts("account.other", stranger)) == Refusal::kUnknownSigner);
  CHECK(Case{.account = std::nullopt}.refused(trusts("operator.harbour", kOperatorKey)) ==
        Refusal::kUnknownSigner);
}

TEST_CASE("a module without a token is refused where one is required, and bounded by none elsewhere") {
  const Trust requires_one = parse_trust("require-signed = true\n", "trust.toml").value();
  CHECK(is_refusal(judge(std::nullopt, std::span(&requires_one, 1), kNow).error(), Refusal::kUnsigned));
  const Trust lax = parse_trust("", "trust.toml").value();
  CHECK(judge(std::nullopt, std::span(&lax, 1), kNow).value().empty());
  CHECK(judge(std::nullopt, {}, kNow).value().empty());
}

TEST_CASE("a token binds whether or not somebody trusts who made it") {
  const auto bounds = Case().judged("").value();
  REQUIRE(bounds.size() == 2);
  CHECK(policy::to_text(bounds[0].grants->at(0)) == "dns *.example.com");
  CHECK(bounds[0].party == policy::Party::kClaims);
  CHECK_FALSE(bounds[1].grants.has_value());
  CHECK(bounds[1].limits.memory_bytes == uint64_t{32} << 20);
}

TEST_CASE("what each may vouch for is bounded by the owner's file") {
  const auto bounds = Case()
                          .judged(trusts("account.shop", kAccountKey,
                                         "grants = [\"dns a.example.com\"]\nlimits = { memory = \"16MiB\" }\n"
                                         "[operator.harbour]\nkey = \"" +
                                             kOperatorKey + "\"\nlimits.cpu.time = \"1s\"\n"))
                          .value();
  REQUIRE(bounds.size() == 4);
  CHECK(bounds[2].source == "trust.toml: [account.shop]");
  CHECK(bounds[2].party == policy::Party::kOwner);
  CHECK(bounds[2].limits.memory_bytes == uint64_t{16} << 20);
  CHECK(bounds[3].limits.cpu_time == std::chrono::seconds(1));
  const policy::Policy asked{.grants = {policy::parse_grant("dns *", "here").value()}};
  const auto effective = policy::intersect(asked, bounds, {});
  REQUIRE(effective.policy.grants.size() == 1);
  CHECK(policy::to_text(effective.policy.grants[0]) == "dns a.example.com");
  CHECK(effective.policy.limits.memory_bytes == uint64_t{16} << 20);
}

TEST_CASE("a token of the wascap tools vouches for no capability but the streams") {
  Case theirs;
  theirs.module.has_berths_claim = false;
  const auto bounds = theirs.judged("").value();
  REQUIRE(bounds[0].grants->size() == 1);
  CHECK(policy::to_text(bounds[0].grants->at(0)) == "stdio in,out,err");
}

TEST_CASE("times hold with a minute of grace") {
  CHECK(Case{.now = kNow + 1060}.judged("").has_value());
  CHECK(Case{.now = kNow + 1061}.refused("") == Refusal::kExpired);
  Case later;
  later.module.not_before = kNow + 60;
  CHECK(later.judged("").has_value());
  later.module.not_before = kNow + 61;
  CHECK(later.refused("") == Refusal::kNotYetValid);
  Case above;
  above.account->expires = kNow - 61;
  CHECK(above.refused(trusts("account.shop", kAccountKey)) == Refusal::kExpired);
  above.account->expires = std::nullopt;
  above.account->not_before = kNow + 1000;
  CHECK(above.refused("") == Refusal::kNotYetValid);
}

TEST_CASE("a revoked key or token is refused, whoever else is trusted") {
  for (const std::string& key : {kAccountKey, kOperatorKey, kModuleKey}) {
    CHECK(Case().refused("[revoked]\nkeys = [\"" + key + "\"]\n") == Refusal::kRevoked);
    CHECK(Case().refused(trusts("account.shop", kAccountKey) + "[revoked]\nkeys = [\"" + key + "\"]\n") ==
          Refusal::kRevoked);
  }
  for (const char* id : {"0123456789", "abcdef"}) {
    CHECK(Case().refused("[revoked]\ntokens = [\"" + std::string(id) + "\"]\n") == Refusal::kRevoked);
  }
  CHECK(Case().judged("[revoked]\ntokens = [\"other\"]\n").has_value());
}

TEST_CASE("each of two files has its say") {
  const Chain chain{.text = "", .module = module_token(), .account = account_token()};
  const std::vector<Trust> both{parse_trust(trusts("account.shop", kAccountKey), "a.toml").value(),
                                parse_trust("require-signed = true\n", "b.toml").value()};
  CHECK(is_refusal(judge(chain, both, kNow).error(), Refusal::kUnknownSigner));
  CHECK(judge(chain, std::span(both).first(1), kNow).has_value());
}

TEST_CASE("a mistake in the file is said with its place") {
  CHECK(mistake("require-signd = true\n") ==
        "trust.toml:1:1: 'require-signd' is not a key of this file, did you mean 'require-signed'");
  CHECK(mistake("require-signed = 1\n").starts_with("trust.toml:1:18: 'require-signed' is true or false"));
  CHECK(mistake("[account.shop]\n").starts_with("trust.toml:1:"));
  CHECK(mistake("[account.shop]\nkey = \"" + kOperatorKey + "\"\n").contains("key of an operator"));
  CHECK(mistake("[account.shop]\nkey = \"A\"\n").starts_with("trust.toml:2:7: key: "));
  CHECK(mistake(trusts("account.a", kAccountKey) + "[account.b]\nkey = \"" + kAccountKey + "\"\n")
            .contains("already"));
  CHECK(mistake(trusts("account.a", kAccountKey, "grant = []\n")).contains("did you mean 'grants'"));
  CHECK(mistake(trusts("account.a", kAccountKey, "grants = [\"dns\"]\n")).starts_with("trust.toml:4:11: "));
  CHECK(mistake("[revoked]\nkey = []\n").contains("did you mean 'keys'"));
  CHECK(mistake("[revoked]\ntokens = [1]\n").contains("jti"));
  CHECK(mistake("account = 1\n").contains("[account.NAME]"));
}
