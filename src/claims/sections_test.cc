// SPDX-License-Identifier: Apache-2.0
#include "claims/sections.h"

#include <doctest/doctest.h>

#include "base/digest.h"
#include "claims/refusal.h"
#include "claims/testing.h"

using namespace berth;
using namespace berth::claims;
using namespace berth::claims::testing;

namespace {

Error why_not(const std::string& module) {
  return find_token(module).error();
}

}  // namespace

TEST_CASE("a token is found behind all other sections, in a component as in a core module") {
  for (const std::string& bare : {core_module(), component()}) {
    CHECK(find_token(bare).value() == std::nullopt);
    const auto found = find_token(with_token(bare, "a.b.c")).value();
    REQUIRE(found);
    CHECK(found->begin == bare.size());
    CHECK(found->token == "a.b.c");
    CHECK(find_token(bare + custom("wasmcloud_jwt", "x")).value()->token == "x");
    CHECK(find_token(bare + custom("jwtx", "x")).value() == std::nullopt);
  }
  CHECK(find_token("(module)").value() == std::nullopt);
  CHECK(find_token("").value() == std::nullopt);
}

TEST_CASE("a token anywhere else is refused") {
  const std::string header = core_module().substr(0, 8);
  const std::string rest = core_module().substr(8);
  const std::string token = custom("jwt", "a.b.c");
  CHECK(is_refusal(why_not(header + token + rest), Refusal::kSection));
  CHECK(is_refusal(why_not(core_module() + token + token), Refusal::kSection));
  CHECK(is_refusal(why_not(core_module() + custom("wasmcloud_jwt", "x") + token), Refusal::kSection));
  CHECK(is_refusal(why_not(core_module() + token + custom("later", "x")), Refusal::kSection));
  const std::string component_header = component().substr(0, 8);
  const std::string with_part = component_header + section(1, core_module() + token);
  CHECK(is_refusal(why_not(with_part), Refusal::kSection));
  CHECK(is_refusal(why_not(with_part + token), Refusal::kSection));
  CHECK(is_refusal(find_token(with_token(core_module(), std::string(kLargestToken, 'x'))).error(),
                   Refusal::kTooLarge));
}

TEST_CASE("a module of sections without end is looked at for no longer than it takes to see that") {
  std::string module = core_module();
  module.append(2 * 1'100'000, '\0');
  CHECK(is_refusal(why_not(module), Refusal::kTooLarge));
}

TEST_CASE("the token's section is written in one way") {
  const std::string bare = core_module();
  // The same lengths with a byte more than they need.
  CHECK(is_refusal(why_not(bare + "\0\x87\0\3jwta.b"s), Refusal::kSection));
  CHECK(is_refusal(why_not(bare + "\0\x87\x80\0\3jwta.b"s), Refusal::kSection));
  CHECK(is_refusal(why_not(bare + "\0\x08\x83\0jwta.b"s), Refusal::kSection));
}

TEST_CASE("sections that don't add up are no module") {
  CHECK(why_not(core_module() + "\0\x7f\3jwt"s).code == ErrorCode::kInvalidModule);
  CHECK(why_not(core_module() + "\0"s).code == ErrorCode::kInvalidModule);
  CHECK(why_not(core_module() + "\0\xff\xff\xff\xff\x7f"s).code == ErrorCode::kInvalidModule);
  CHECK(why_not("\0asm"s).code == ErrorCode::kInvalidModule);
  CHECK(why_not("\0asm\x0d\0\1\0\1\4abcd"s).code == ErrorCode::kInvalidModule);
}

TEST_CASE("for signing anew the tokens beside the sections go, wherever they stand") {
  const std::string token = custom("jwt", "a.b.c");
  const std::string bare = core_module();
  CHECK(without_tokens(bare).value() == bare);
  CHECK(without_tokens(bare.substr(0, 8) + token + bare.substr(8) + custom("wasmcloud_jwt", "x")).value() ==
        bare);
  CHECK(without_tokens("(module)").error().code == ErrorCode::kInvalidModule);
  CHECK_FALSE(without_tokens(component().substr(0, 8) + section(1, core_module() + token)).has_value());
}

TEST_CASE("the wascap tools' hash is that of the bytes, where lengths are short and no part has a token") {
  std::string hex = sha256(component()).hex();
  for (char& c : hex) c = static_cast<char>(std::toupper(c));
  CHECK(wascap_hash(component()).value() == hex);
  CHECK(wascap_hash(component() + custom("jwt", "x")).value() == hex);
  const std::string padded = component() + "\0\x83\x80\0\2ab"s;
  CHECK(wascap_hash(padded).value() == wascap_hash(component() + custom("ab", "")).value());
  std::string deep = core_module();
  for (int i = 0; i < 20; ++i) deep = component().substr(0, 8) + section(i == 0 ? 1 : 4, deep);
  CHECK(wascap_hash(deep).has_value());
}
