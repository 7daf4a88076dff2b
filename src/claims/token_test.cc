// SPDX-License-Identifier: Apache-2.0
#include "claims/token.h"

#include <doctest/doctest.h>

#include <functional>

#include "claims/refusal.h"
#include "claims/testing.h"

using namespace berth;
using namespace berth::claims;
using namespace berth::claims::testing;

namespace {

constexpr const char* kBerths = R"({"v":1,"digest":"blake3:00","grants":[]})";

/// A refused token, by what is wrong with it.
struct Bad {
  std::string what;
  std::string token;
  Refusal refusal;
};

const std::string& good() {
  static const std::string token = write_token(module_token(), kAccount).value();
  return token;
}

/// The good token with one of its three parts changed.
std::string with_part(size_t part, const std::function<std::string(std::string)>& change) {
  std::string text;
  std::string_view rest = good();
  for (size_t i = 0; i < 3; ++i) {
    const size_t end = std::min(rest.find('.'), rest.size());
    const std::string now(rest.substr(0, end));
    if (i > 0) text += '.';
    text += i == part ? change(now) : now;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return text;
}

std::string header(std::string_view text) {
  return signed_body(body(kBerths), text);
}

std::string berths(std::string_view text) {
  return signed_body(body(text));
}

std::string beside(std::string_view members) {
  return signed_body(body(kBerths, members));
}

/// A body with `iss` and `sub` as given, signed by `seed`.
std::string between(const std::string& issuer, const std::string& subject, const Seed& seed) {
  return signed_body(R"({"jti":"1","iat":5,"iss":")" + issuer + R"(","sub":")" + subject + R"("})",
                     R"({"typ":"jwt","alg":"Ed25519"})", seed);
}

/// A text 300 times.
std::string many(std::string_view text) {
  std::string all;
  for (int i = 0; i < 300; ++i) all += text;
  return all;
}

std::string numbered_members() {
  std::string all;
  for (int i = 0; i < 300; ++i) all += "\"m" + std::to_string(i) + "\":0,";
  return all;
}

std::string key_of(const Seed& seed) {
  return seed.public_key().text();
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::vector<Bad> shapes() {
  const std::string nested(64, '[');
  return {
      {"nothing", "", Refusal::kFormat},
      {"one part", "abc", Refusal::kFormat},
      {"two parts", "abc.def", Refusal::kFormat},
      {"four parts", good() + ".AA", Refusal::kFormat},
      {"five parts, as of an encrypted token", "a.b.c.d.e", Refusal::kFormat},
      {"too long", std::string(kLargestToken + 1, 'A'), Refusal::kTooLarge},
      {"a long name",
       berths(R"({"v":1,"digest":"x","grants":[],"limits":{"memory":")" + std::string(kLargestToken, '1') +
              R"("}})"),
       Refusal::kTooLarge},
      {"blanks behind it", good() + " ", Refusal::kBase64},
      {"a newline behind it", good() + "\n", Refusal::kBase64},
      {"a zero byte behind it", good() + '\0', Refusal::kBase64},
      {"padding", with_part(0, [](auto part) { return part + "="; }), Refusal::kBase64},
      {"padding of the signature", with_part(2, [](auto part) { return part + "=="; }), Refusal::kBase64},
      {"trailing bits",
       with_part(2, [](auto part) { return part.substr(0, 85) + static_cast<char>(part[85] + 1); }),
       Refusal::kBase64},
      {"the other alphabet", with_part(1, [](auto part) { return "+" + part; }), Refusal::kBase64},
      {"a lone character", with_part(2, [](auto part) { return part + "AAA"; }), Refusal::kBase64},
      {"no signature", with_part(2, [](auto) { return ""; }), Refusal::kSignature},
      {"half a signature", with_part(2, [](auto part) { return part.substr(0, 40); }), Refusal::kSignature},
      {"a signature of zeros", with_part(2, [](auto) { return std::string(86, 'A'); }), Refusal::kSignature},
      {"an empty header", with_part(0, [](auto) { return ""; }), Refusal::kJson},
      {"an empty body", signed_body(""), Refusal::kJson},
      {"a body that is no JSON", signed_body("{"), Refusal::kJson},
      {"JSON with something behind", signed_body(body(kBerths) + "x"), Refusal::kJson},
      {"two bodies", signed_body(body(kBerths) + body(kBerths)), Refusal::kJson},
      {"a comment", signed_body("/* */" + body(kBerths)), Refusal::kJson},
      {"a list", signed_body("[]"), Refusal::kType},
      {"a text", signed_body("\"x\""), Refusal::kType},
      {"null", signed_body("null"), Refusal::kType},
      {"broken UTF-8", signed_body("{\"a\":\"\xff\"}"), Refusal::kUtf8},
      {"UTF-8 longer than it need be", signed_body("{\"a\":\"\xc0\xaf\"}"), Refusal::kUtf8},
      {"half of a pair", signed_body(R"({"a":"\ud800"})"), Refusal::kJson},
      {"lists in lists", beside(R"("x":)" + nested + std::string(64, ']') + ","), Refusal::kNesting},
      {"lists without an end", signed_body(std::string(40'000, '[')), Refusal::kNesting},
      {"objects in objects", beside(R"("x":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}},)"),
       Refusal::kNesting},
      {"a member twice", beside(R"("iat":6,)"), Refusal::kDuplicate},
      {"an issuer twice", beside(R"("iss":"x",)"), Refusal::kDuplicate},
      {"a member twice, written otherwise", beside(R"("\u0069at":6,)"), Refusal::kDuplicate},
      {"claims twice", beside(R"("berth":{},)"), Refusal::kDuplicate},
      {"grants twice", berths(R"({"v":1,"digest":"x","grants":[],"grants":["dns *"]})"), Refusal::kDuplicate},
      {"a limit twice",
       berths(R"({"v":1,"digest":"x","grants":[],"limits":{"memory":"1MiB","memory":"1GiB"}})"),
       Refusal::kDuplicate},
      {"an algorithm twice", header(R"({"typ":"jwt","alg":"none","alg":"Ed25519"})"), Refusal::kDuplicate},
  };
}

std::vector<Bad> headers() {
  return {
      {"algorithm none", header(R"({"typ":"jwt","alg":"none"})"), Refusal::kAlgorithm},
      {"algorithm None", header(R"({"typ":"jwt","alg":"None"})"), Refusal::kAlgorithm},
      {"an unsigned token",
       to_base64url(R"({"typ":"jwt","alg":"none"})") + "." + to_base64url(body(kBerths)) + ".",
       Refusal::kAlgorithm},
      {"a symmetric algorithm", header(R"({"typ":"jwt","alg":"HS256"})"), Refusal::kAlgorithm},
      {"another curve", header(R"({"typ":"jwt","alg":"ES256"})"), Refusal::kAlgorithm},
      {"the name of a family", header(R"({"typ":"jwt","alg":"EdDSA"})"), Refusal::kAlgorithm},
      {"its own name in small letters", header(R"({"typ":"jwt","alg":"ed25519"})"), Refusal::kAlgorithm},
      {"NATS's own", header(R"({"typ":"jwt","alg":"ed25519-nkey"})"), Refusal::kAlgorithm},
      {"no algorithm", header(R"({"typ":"jwt"})"), Refusal::kMissing},
      {"an algorithm that is a list", header(R"({"typ":"jwt","alg":["Ed25519"]})"), Refusal::kType},
      {"another type", header(R"({"typ":"at+jwt","alg":"Ed25519"})"), Refusal::kHeader},
      {"a key to check with", header(R"({"typ":"jwt","alg":"Ed25519","jwk":{"kty":"OKP"}})"),
       Refusal::kHeader},
      {"where to get a key", header(R"({"typ":"jwt","alg":"Ed25519","jku":"https://evil.example"})"),
       Refusal::kHeader},
      {"something critical", header(R"({"typ":"jwt","alg":"Ed25519","crit":["b64"],"b64":false})"),
       Refusal::kHeader},
      {"a header that is a text", header(R"("Ed25519")"), Refusal::kType},
  };
}

std::vector<Bad> keys() {
  const Seed stranger = seed_of(KeyRole::kAccount, 8);
  return {
      {"another's signature", signed_body(body(kBerths), R"({"typ":"jwt","alg":"Ed25519"})", stranger),
       Refusal::kSignature},
      {"a body changed behind its signature",
       with_part(1, [](auto) { return to_base64url(body(R"({"v":1,"digest":"x","grants":["dns *"]})")); }),
       Refusal::kSignature},
      {"a header changed behind its signature",
       with_part(0, [](auto) { return to_base64url(R"({"typ":"jwt","alg":"Ed25519"})"); }),
       Refusal::kSignature},
      {"no issuer", signed_body(R"({"jti":"1","iat":5})"), Refusal::kMissing},
      {"an issuer that is a number", signed_body(R"({"jti":"1","iat":5,"iss":5,"sub":5})"), Refusal::kType},
      {"an issuer that is no key", between("AAAA", key_of(kModule), kAccount), Refusal::kKey},
      {"a module that signs for itself", between(key_of(kModule), key_of(kModule), kModule),
       Refusal::kKeyType},
      {"an operator that signs for a module", between(key_of(kOperator), key_of(kModule), kOperator),
       Refusal::kKeyType},
      {"an account that signs for an account", between(key_of(kAccount), key_of(stranger), kAccount),
       Refusal::kKeyType},
      {"an account that signs for an operator", between(key_of(kAccount), key_of(kOperator), kAccount),
       Refusal::kKeyType},
      {"an operator that signs for itself", between(key_of(kOperator), key_of(kOperator), kOperator),
       Refusal::kKeyType},
      {"a user's key",
       between("UACQKBIFAUCQKBIFAUCQKBIFAUCQKBIFAUCQKBIFAUCQKBIFAUCQLULX", key_of(kModule), kAccount),
       Refusal::kKeyType},
      {"a seed as an issuer", between(kAccount.text(), key_of(kModule), kAccount), Refusal::kKeyType},
  };
}

std::vector<Bad> members() {
  return {
      {"no id", signed_body(replaced(body(kBerths), R"("jti":"1",)", "")), Refusal::kMissing},
      {"an empty id", signed_body(replaced(body(kBerths), R"("jti":"1")", R"("jti":"")")), Refusal::kType},
      {"no time of issue", signed_body(replaced(body(kBerths), R"("iat":5,)", "")), Refusal::kMissing},
      {"a time below zero", beside(R"("exp":-1,)"), Refusal::kNumber},
      {"a time with a point", beside(R"("exp":1e9,)"), Refusal::kNumber},
      {"a time beyond 64 bits", beside(R"("exp":99999999999999999999,)"), Refusal::kNumber},
      {"a time beyond any number", beside(R"("exp":1e999,)"), Refusal::kNumber},
      {"the last time of 64 bits", beside(R"("exp":18446744073709551615,)"), Refusal::kNumber},
      {"a time that is text", beside(R"("nbf":"1",)"), Refusal::kType},
      {"a time that is true", beside(R"("nbf":true,)"), Refusal::kType},
      {"a revision out of range", beside(R"("wascap":{"hash":"","rev":2147483648},)"), Refusal::kNumber},
      {"a name that moves the cursor", beside(R"("wascap":{"name":"a\u001b[2Jb","hash":""},)"),
       Refusal::kType},
      {"a name that is read backwards", beside(R"("wascap":{"name":"a\u202eb","hash":""},)"), Refusal::kType},
      {"a name without an end", beside(R"("wascap":{"name":")" + std::string(300, 'x') + R"("},)"),
       Refusal::kTooLarge},
      {"tags that are no texts", beside(R"("wascap":{"hash":"","tags":[1]},)"), Refusal::kType},
      {"claims that are a list", berths("[]"), Refusal::kType},
      {"claims of no version", berths(R"({"digest":"x","grants":[]})"), Refusal::kMissing},
      {"claims of a later version", berths(R"({"v":2,"digest":"x","grants":[]})"), Refusal::kUnknown},
      {"a claim that isn't known", berths(R"({"v":1,"digest":"x","grants":[],"only-on":"mondays"})"),
       Refusal::kUnknown},
      {"no digest", berths(R"({"v":1,"grants":[]})"), Refusal::kMissing},
      {"no grants", berths(R"({"v":1,"digest":"x"})"), Refusal::kMissing},
      {"grants that are null", berths(R"({"v":1,"digest":"x","grants":null})"), Refusal::kMissing},
      {"grants that are a text", berths(R"({"v":1,"digest":"x","grants":"dns *"})"), Refusal::kType},
      {"a grant that is a number", berths(R"({"v":1,"digest":"x","grants":[1]})"), Refusal::kType},
      {"more grants than anybody reads",
       berths(R"({"v":1,"digest":"x","grants":["dns a")" + many(R"(,"dns a")") + "]}"), Refusal::kTooLarge},
      {"more members than anybody reads", beside(numbered_members()), Refusal::kTooLarge},
      {"a grant that isn't known", berths(R"({"v":1,"digest":"x","grants":["moon *"]})"), Refusal::kGrant},
      {"a grant that can't be read", berths(R"({"v":1,"digest":"x","grants":["dns"]})"), Refusal::kGrant},
      {"a folder of the signer's", berths(R"({"v":1,"digest":"x","grants":["files ./data:/data"]})"),
       Refusal::kGrant},
      {"a limit that isn't known", berths(R"({"v":1,"digest":"x","grants":[],"limits":{"luck":"1"}})"),
       Refusal::kGrant},
      {"a limit of nothing", berths(R"({"v":1,"digest":"x","grants":[],"limits":{"memory":"0"}})"),
       Refusal::kGrant},
      {"a limit that is a number", berths(R"({"v":1,"digest":"x","grants":[],"limits":{"memory":1}})"),
       Refusal::kType},
      {"limits that are a list", berths(R"({"v":1,"digest":"x","grants":[],"limits":[]})"), Refusal::kType},
  };
}

}  // namespace

TEST_CASE("what was signed is read back") {
  const Token token = read_token(good()).value();
  REQUIRE(token.vouched.grants->size() == 1);
  CHECK(policy::to_text(token.vouched.grants->at(0)) == "dns *.example.com");
  CHECK(token.vouched.limits == module_token().vouched.limits);
  CHECK(token.name == "shop");
  CHECK(token.version == "1.2.0");
  CHECK(token.revision == 4);
  CHECK(token.tags == std::vector<std::string>{"test"});
  CHECK(token.expires == kNow + 1000);
  CHECK(token.not_before == std::nullopt);
  CHECK(token.digest == "blake3:00");
  const Token account = read_token(write_token(account_token(), kOperator).value()).value();
  CHECK(account.subject == kAccount.public_key());
  CHECK_FALSE(account.vouched.grants.has_value());
  CHECK(account.vouched.limits.memory_bytes == uint64_t{32} << 20);
}

TEST_CASE("a malformed token is refused, each with its own reason") {
  size_t count = 0;
  for (const auto& table : {shapes(), headers(), keys(), members()}) {
    for (const Bad& bad : table) {
      CAPTURE(bad.what);
      const auto read = read_token(bad.token);
      REQUIRE_FALSE(read.has_value());
      CAPTURE(read.error().message);
      CHECK(is_refusal(read.error(), bad.refusal));
      ++count;
    }
  }
  CHECK(count >= 60);
}

TEST_CASE("members of others beside berth's own are taken as they are") {
  CHECK(read_token(beside(R"("aud":["x"],"wascap":{"hash":"","caps":["wasmcloud:httpserver"],"extra":{}},)"))
            .has_value());
}

TEST_CASE("nothing is signed that couldn't be read") {
  Token token = module_token();
  token.name = "a\x1b";
  CHECK(write_token(token, kAccount).error().code == ErrorCode::kInvalidArgument);
  token = module_token();
  token.vouched.grants->push_back(grant("files ./data:/data:rw"));
  const auto refused = write_token(token, kAccount);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message.contains("'files *:/data:rw'"));
  CHECK_FALSE(write_token(module_token(), kOperator).has_value());
}

TEST_CASE("times are shown in UTC") {
  CHECK(utc_text(0) == "1970-01-01 00:00:00 UTC");
  CHECK(utc_text(1'700'000'000) == "2023-11-14 22:13:20 UTC");
}
