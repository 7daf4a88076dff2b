// SPDX-License-Identifier: Apache-2.0
#include "providers/content/cid.h"

#include <doctest/doctest.h>

#include "providers/content/varint.h"

using namespace berth;
using namespace berth::content;
using namespace std::string_literals;

namespace {

constexpr std::string_view kV0 = "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH";  // an empty file
constexpr std::string_view kRaw = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy";

std::string hex(std::string_view bytes) {
  return to_multibase(Base::kBase16, bytes).substr(1);
}

}  // namespace

TEST_CASE("a varint is read back, and is the shortest") {
  for (const uint64_t number : {0ULL, 1ULL, 127ULL, 128ULL, 300ULL, 16384ULL, (1ULL << 63) - 1}) {
    std::string bytes;
    put_varint(bytes, number);
    std::string_view rest = bytes;
    CHECK(take_varint(rest) == number);
    CHECK(rest.empty());
  }
  for (const std::string& bytes :
       {""s, "\x80"s, "\x81\x00"s, "\x80\x00"s, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"s}) {
    std::string_view rest = bytes;
    CHECK_FALSE(take_varint(rest).has_value());
    CHECK(rest.size() == bytes.size());
  }
}

TEST_CASE("a CID of each version and base is read back") {
  const auto v0 = Cid::parse(kV0);
  REQUIRE(v0.has_value());
  CHECK(v0->version == Cid::Version::kV0);
  CHECK(v0->text() == kV0);
  const auto raw = Cid::parse(kRaw);
  REQUIRE(raw.has_value());
  CHECK(raw->codec == Codec::kRaw);
  CHECK(raw->text() == kRaw);
  for (const Base base : {Base::kBase16, Base::kBase32, Base::kBase36, Base::kBase58Btc, Base::kBase64Url}) {
    CAPTURE(raw->text(base));
    CHECK(Cid::parse(raw->text(base)) == *raw);
  }
  CHECK(Cid::parse("BAFKREIGH2AKISCAILDCQABSYG3DFR6CHU3FGPREGIYMSCK7E7AQA4S52ZY") == *raw);
  CHECK(Cid::v1(Codec::kDagPb, v0->hash).text(Base::kBase36).starts_with("k2jmtx"));
}

TEST_CASE("what isn't written as it has to be is no CID") {
  for (const std::string& text :
       {""s, "b"s, "Qm"s, std::string(kV0) + "1", "z" + std::string(kV0), std::string(kRaw) + "a",
        std::string(kRaw).substr(0, 40), "bAFKREIGH2AKISCAILDCQABSYG3DFR6CHU3FGPREGIYMSCK7E7AQA4S52ZY"s,
        "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zz"s, "xyz"s, "u===="s,
        std::string(2000, 'b')}) {
    CAPTURE(text);
    const auto cid = Cid::parse(text);
    REQUIRE_FALSE(cid.has_value());
    CHECK(cid.error().code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("hashes are those of their specifications") {
  CHECK(hex(hash_of(HashCode::kSha2_256, "abc")->bytes()) ==
        "1220ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex(hash_of(HashCode::kSha2_512, "abc")->digest).starts_with("ddaf35a193617abacc417349ae204131"));
  CHECK(hex(hash_of(HashCode::kBlake2b256, "abc")->bytes()) ==
        "a0e40220bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
  CHECK(hex(hash_of(HashCode::kIdentity, "abc")->bytes()) == "0003616263");
}

TEST_CASE("a hash that can't be checked is refused, and identity has a bound") {
  CHECK(hash_of(static_cast<HashCode>(0x11), "abc").error().code == ErrorCode::kUnsupported);
  CHECK(hash_of(HashCode::kIdentity, std::string(128, 'a')).has_value());
  CHECK(hash_of(HashCode::kIdentity, std::string(129, 'a')).error().code == ErrorCode::kInvalidArgument);
  const std::string long_identity = "\x01\x55\x00\x81\x01"s + std::string(129, 'a');
  CHECK_FALSE(Cid::read(long_identity).has_value());
  // A digest of sha2-256 that is shorter would be met by many blocks.
  CHECK_FALSE(Cid::read("\x01\x55\x12\x02\xba\x78"s).has_value());
  CHECK(check_hash(*hash_of(HashCode::kSha2_256, "abc"), "abc").has_value());
  CHECK_FALSE(check_hash(*hash_of(HashCode::kSha2_256, "abc"), "abd").has_value());
}
