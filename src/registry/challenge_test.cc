// SPDX-License-Identifier: Apache-2.0
#include "registry/challenge.h"

#include <doctest/doctest.h>

#include <random>

namespace berth::registry {

TEST_CASE("a registry says where its tokens are") {
  const auto found = parse_challenge(
      "Bearer "
      "realm=\"https://auth.example/token\",service=\"registry.example\",scope=\"repository:a/b:pull,push\"");
  REQUIRE(found);
  CHECK(found->scheme == Challenge::Scheme::kBearer);
  CHECK(found->realm == "https://auth.example/token");
  CHECK(found->service == "registry.example");
  CHECK(found->scope == "repository:a/b:pull,push");
}

TEST_CASE("case, spaces, quotes and challenges that nobody knows are read over") {
  const auto found =
      parse_challenge("Negotiate abc, Digest realm=\"x, y\", BEARER  Realm = \"a\\\"b\" , scope=c");
  REQUIRE(found);
  CHECK(found->realm == "a\"b");
  CHECK(found->scope == "c");
  const auto basic = parse_challenge("Basic");
  REQUIRE(basic);
  CHECK(basic->scheme == Challenge::Scheme::kBasic);
}

TEST_CASE("what can't be read is no challenge") {
  for (const char* const text :
       {"", ",", "=", "Bearer", "Bearer realm=", "Bearer realm=\"open", "\"", "Bearer realm=\"a\\"}) {
    CHECK_FALSE_MESSAGE(parse_challenge(text), text);
  }
}

TEST_CASE("whatever comes, reading it ends") {
  std::mt19937 random(8);
  const std::string_view marks = "Bearer basic=\",\\ \t;realm";
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (size_t left = random() % 40; left > 0; --left) text += marks[random() % marks.size()];
    static_cast<void>(parse_challenge(text));
  }
}

}  // namespace berth::registry
