// SPDX-License-Identifier: Apache-2.0
#include "base/digest.h"

#include <doctest/doctest.h>

#include <string>

namespace berth {

// The vectors of FIPS 180-2, appendix B.
TEST_CASE("a digest is the SHA-256 of the bytes") {
  CHECK(sha256("abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256("").text() == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256(std::string(1'000'000, 'a')).hex() ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("a digest of pieces is that of the whole") {
  Sha256 pieces;
  for (const char* const piece : {"a", "", "bc"}) pieces.add(piece);
  CHECK(pieces.digest() == sha256("abc"));
}

}  // namespace berth
