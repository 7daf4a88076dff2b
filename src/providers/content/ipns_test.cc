// SPDX-License-Identifier: Apache-2.0
#include "providers/content/ipns.h"

#include <doctest/doctest.h>
#include <sodium.h>

#include <random>

using namespace berth;
using namespace berth::content;

namespace {

const std::string kSeed(32, 's');
constexpr int64_t kNow = 1'790'000'000;

std::array<uint8_t, 32> public_key() {
  std::array<uint8_t, 32> key{};
  std::array<uint8_t, 64> secret{};
  crypto_sign_seed_keypair(key.data(), secret.data(), reinterpret_cast<const uint8_t*>(kSeed.data()));
  return key;
}

// Of the test's own key, in force until 2126.
constexpr std::string_view kKubos =
    "f"
    "0a0e2f697066732f6261666b71616161124039550f3acda2fd936133475f2b466a9d3dc309aebb3e7bbbdde2af36584a"
    "ab1ef375bc040f22c7e036b57b25e034875cde2b8a4e749c8c0f461fcbd5900bb8081800221e323132362d31302d3239"
    "5431373a34303a31362e3837363637363130395a28013080f092cbdd0842400b85d216497a208e6fb6a872e3bd9d1968"
    "c9ea0f219c7b0e58d332806a9f613e19d0bc25ae4c62198ae7ffee05679634855277edd5cdd3f53f4081a3979cc9044a"
    "64a56354544c1b00000045d964b8006556616c75654e2f697066732f6261666b716161616853657175656e6365016856"
    "616c6964697479581e323132362d31302d32395431373a34303a31362e3837363637363130395a6c56616c6964697479"
    "5479706500";

const Cid kName = ipns_name(public_key());

IpnsRecord record() {
  return {
      .value = "/ipfs/bafkqaaa", .valid_until = ipns_time(kNow + 60), .sequence = 7, .ttl_nanoseconds = 300};
}

}  // namespace

TEST_CASE("a record that was made is read back under its name alone") {
  const std::string bytes = make_ipns(record(), kSeed);
  CHECK(read_ipns(bytes, kName, kNow).value() == record());
  auto other = public_key();
  other[0] ^= 1;
  CHECK(read_ipns(bytes, ipns_name(other), kNow).error().message.contains("didn't sign"));
  CHECK(kName.text(Base::kBase36).starts_with("k51qzi5uqu5d"));
  CHECK(Cid::parse(kName.text(Base::kBase36)).value() == kName);
}

TEST_CASE("a record that kubo 0.42 made is read, and berth's are written alike") {
  const Cid name = Cid::parse("k51qzi5uqu5dh491mhaxctg6ujkli2tfkvebt3ej7vteeeypg770r5t5x11la9").value();
  const std::string bytes = from_multibase(kKubos).value();
  const auto read = read_ipns(bytes, name, kNow);
  REQUIRE(read.has_value());
  CHECK(read->value == "/ipfs/bafkqaaa");
  CHECK(read->sequence == 1);
  CHECK(read->ttl_nanoseconds == 300'000'000'000);
  // The same but for the signatures, which are another key's.
  std::string made = make_ipns(*read, kSeed);
  REQUIRE(made.size() == bytes.size());
  constexpr size_t kFirst = 18;
  made.replace(kFirst, 64, bytes, kFirst, 64);
  const size_t second = bytes.find("\x42\x40") + 2;
  made.replace(second, 64, bytes, second, 64);
  CHECK(made == bytes);
}

TEST_CASE("a record holds until its time") {
  const std::string bytes = make_ipns(record(), kSeed);
  CHECK(read_ipns(bytes, kName, kNow + 60).has_value());
  CHECK(read_ipns(bytes, kName, kNow + 61).error().code == ErrorCode::kDenied);
  CHECK(ipns_time(0) == "1970-01-01T00:00:00.000000000Z");
  for (const char* const until :
       {"", "2030", "2030-01-01 00:00:00Z", "2030-01-01T00:00:00", "2030-01-01T00:00:00.Z"}) {
    IpnsRecord bad = record();
    bad.valid_until = until;
    CHECK(read_ipns(make_ipns(bad, kSeed), kName, kNow).error().code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("no changed record says anything else") {
  std::mt19937_64 random(51);
  const std::string good = make_ipns(record(), kSeed);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = good;
    bytes[random() % bytes.size()] ^= static_cast<char>(1 + random() % 255);
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    const auto read = read_ipns(bytes, kName, kNow);
    // What version 1 signed doesn't count.
    if (read) CHECK(*read == record());
  }
  CHECK_FALSE(read_ipns(good + std::string(kMostRecord, '\0'), kName, kNow).has_value());
}

TEST_CASE("a name that is no Ed25519 key is refused") {
  const Cid rsa = Cid::v1(Codec::kLibp2pKey, hash_of(HashCode::kSha2_256, "rsa").value());
  CHECK(ipns_key(rsa).error().code == ErrorCode::kUnsupported);
  CHECK(ipns_key(Cid::v1(Codec::kRaw, kName.hash)).error().code == ErrorCode::kInvalidArgument);
}
