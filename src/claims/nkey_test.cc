// SPDX-License-Identifier: Apache-2.0
#include "claims/nkey.h"

#include <doctest/doctest.h>

#include "claims/refusal.h"
#include "claims/testing.h"

using namespace berth;
using namespace berth::claims;
using namespace berth::claims::testing;

namespace {

// Keys that the wascap tools made, from the modules of their own tests.
constexpr const char* kTheirAccount = "ACCHS57D3P2VEON5MQCJM4YA34GYBDFZR3IBG5EQNUONIHBO5X4NIURC";
constexpr const char* kTheirModule = "MBQ2RC3BARXFWTBFW5UJ6J3QSAVYJ7D64Z5LRCPR3UI44F65Q3OMNGYM";

constexpr const char* kUser = "UACQKBIFAUCQKBIFAUCQKBIFAUCQKBIFAUCQKBIFAUCQKBIFAUCQLULX";

std::string changed(std::string text, size_t at, char to) {
  text[at] = to;
  return text;
}

}  // namespace

TEST_CASE("keys are written as NATS writes them") {
  CHECK(parse_public_key(kTheirAccount).value().role == KeyRole::kAccount);
  CHECK(parse_public_key(kTheirAccount).value().text() == kTheirAccount);
  CHECK(parse_public_key(kTheirModule).value().role == KeyRole::kModule);
  CHECK(parse_public_key(kTheirModule).value().text() == kTheirModule);
  CHECK(kOperator.public_key().text().starts_with("O"));
  CHECK(kOperator.text().starts_with("SO"));
  CHECK(kAccount.text().starts_with("SA"));
  CHECK(kModule.text().starts_with("SM"));
  CHECK(kModule.text().size() == 58);
}

TEST_CASE("a seed comes back from its text, and with it the public key") {
  for (const KeyRole role : {KeyRole::kOperator, KeyRole::kAccount, KeyRole::kModule}) {
    const Seed seed = seed_of(role, 9);
    const Seed again = Seed::parse(seed.text()).value();
    CHECK(again.role() == role);
    CHECK(again.public_key() == seed.public_key());
    CHECK(parse_public_key(seed.public_key().text()).value() == seed.public_key());
  }
}

TEST_CASE("a text that was changed anywhere is no key") {
  const std::string key = kAccount.public_key().text();
  const std::string seed = kAccount.text();
  for (size_t at = 0; at < key.size(); ++at) {
    for (const char to : {'A', 'B', '7', 'a', '1', '='}) {
      if (key[at] != to) CHECK_FALSE(parse_public_key(changed(key, at, to)).has_value());
    }
  }
  for (size_t at = 0; at < seed.size(); ++at) {
    for (const char to : {'A', 'B', '7', 'a'}) {
      if (seed[at] != to) CHECK_FALSE(Seed::parse(changed(seed, at, to)).has_value());
    }
  }
}

TEST_CASE("a key of another kind is named as that, and a seed is never a public key") {
  CHECK(is_refusal(parse_public_key(kUser).error(), Refusal::kKeyType));
  CHECK(is_refusal(parse_public_key(kAccount.text()).error(), Refusal::kKeyType));
  CHECK(is_refusal(parse_public_key("hello").error(), Refusal::kKey));
  CHECK_FALSE(Seed::parse(kAccount.public_key().text()).has_value());
  CHECK_FALSE(
      Seed::parse(kAccount.public_key().text()).error().message.contains(kAccount.public_key().text()));
}

TEST_CASE("no error about a seed holds it") {
  std::string seed = kAccount.text();
  seed[20] = seed[20] == 'A' ? 'B' : 'A';
  const std::string message = Seed::parse(seed).error().message;
  CHECK_FALSE(message.contains(seed.substr(30)));
  CHECK_FALSE(message.contains(seed.substr(0, 15)));
}

TEST_CASE("a signature holds for its message and its key alone") {
  const Signature signature = kAccount.sign("message");
  const std::string_view text(reinterpret_cast<const char*>(signature.data()), signature.size());
  CHECK(verifies(kAccount.public_key(), "message", text));
  CHECK_FALSE(verifies(kAccount.public_key(), "massage", text));
  CHECK_FALSE(verifies(kOperator.public_key(), "message", text));
  CHECK_FALSE(verifies(kAccount.public_key(), "message", text.substr(1)));
  CHECK_FALSE(verifies(kAccount.public_key(), "message", ""));
  // The neutral element as a key signs everything where it isn't refused.
  PublicKey weak{.role = KeyRole::kAccount};
  weak.bytes[0] = 1;
  std::string forged(64, '\0');
  forged[0] = 1;
  CHECK_FALSE(verifies(weak, "message", forged));
}
