// SPDX-License-Identifier: Apache-2.0
// With the real engine, which has the hash.
#include <doctest/doctest.h>

#include "providers/content/cid.h"

using namespace berth::content;

TEST_CASE("blake3 is that of its specification") {
  CHECK(to_multibase(Base::kBase16, hash_of(HashCode::kBlake3, "abc")->bytes()) ==
        "f1e206437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85");
}
