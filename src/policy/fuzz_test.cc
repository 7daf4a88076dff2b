// SPDX-License-Identifier: Apache-2.0
// Foreign bytes against everything in this room that reads text: nothing crashes, and what is read is read
// back the same from its canonical text.

#include <doctest/doctest.h>

#include <random>

#include "policy/policy.h"
#include "policy/random_grant.h"

using namespace berth;
using namespace berth::policy;

namespace {

/// `text` with a few bytes changed, doubled, dropped or replaced by special ones.
std::string mutated(std::string text, std::mt19937_64& random) {
  constexpr std::string_view kSpecial =
      ":/*.,|=@%[]\\\"'#?- \t\n\0\x1b\xff\xe2\x80\xae"
      "09azAZ";
  for (uint64_t left = random() % 4; left > 0; --left) {
    size_t at = text.empty() ? 0 : random() % text.size();
    char special = kSpecial[random() % kSpecial.size()];
    switch (random() % 4) {
      case 0:
        text.insert(at, 1, special);
        break;
      case 1:
        text.insert(at, text.substr(at, random() % 8));
        break;
      case 2:
        text.erase(at, random() % 4);
        break;
      default:
        if (!text.empty()) text[at] = special;
    }
  }
  return text;
}

}  // namespace

TEST_CASE("no text makes the reader of grants stumble") {
  RandomGrants grants(21);
  std::mt19937_64 random(22);
  size_t read = 0;
  for (int i = 0; i < 100'000; ++i) {
    Role role = grants.coin() ? Role::kAsker : Role::kOwner;
    std::string text = mutated(grants.text(role), random);
    auto grant = parse_grant(text, "fuzz", role);
    CAPTURE(text);
    if (!grant) {
      CHECK_FALSE(grant.error().message.empty());
      continue;
    }
    ++read;
    auto again = parse_grant(to_text(*grant), "fuzz", role);
    CAPTURE(to_text(*grant));
    REQUIRE(again);
    CHECK(*again == *grant);
  }
  CHECK(read > 20'000);
}

TEST_CASE("no text makes the reader of policies stumble") {
  RandomGrants grants(23);
  std::mt19937_64 random(24);
  size_t read = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string toml = "grants = [\"";
    toml.append(grants.text(Role::kAsker)).append("\"]\n[limits]\nmemory = \"64MiB\"\ncpu.time = \"2s\"\n");
    auto policy = parse_policy(mutated(std::move(toml), random), "fuzz.toml");
    if (!policy) {
      CHECK(policy.error().message.starts_with("fuzz.toml:"));
      continue;
    }
    ++read;
    auto again = parse_policy(to_toml(*policy), "fuzz.toml");
    REQUIRE(again);
    CHECK(again->limits == policy->limits);
    CHECK(to_toml(*again) == to_toml(*policy));
  }
  CHECK(read > 2'000);
}

TEST_CASE("no text makes the reader of limits stumble") {
  std::mt19937_64 random(25);
  for (int i = 0; i < 100'000; ++i) {
    const LimitName& limit = limit_names()[random() % limit_names().size()];
    Limits limits;
    if (!set_limit(limits, limit.name, mutated(std::string(limit.example), random))) continue;
    auto text = limit_text(limits, limit.name);
    REQUIRE(text);
    Limits again;
    CHECK(set_limit(again, limit.name, *text).has_value());
    CHECK(again == limits);
  }
}
