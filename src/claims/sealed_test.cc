// SPDX-License-Identifier: Apache-2.0
#include "claims/sealed.h"

#include <doctest/doctest.h>

using namespace berth;
using namespace berth::claims;

TEST_CASE("a secret comes back with its passphrase alone") {
  std::array<std::byte, 40> random{};
  random.fill(std::byte{7});
  const Sealed sealed = seal("a seed", "open sesame", random).value();
  CHECK_FALSE(sealed.box.contains("seed"));
  CHECK(unseal(sealed, "open sesame").value() == "a seed");
  CHECK(unseal(sealed, "open barley").error().code == ErrorCode::kDenied);
  Sealed other = sealed;
  other.box[3] = static_cast<char>(other.box[3] ^ 1);
  CHECK(unseal(other, "open sesame").error().code == ErrorCode::kDenied);
  other = sealed;
  other.memory_bytes = uint64_t{1} << 40;
  CHECK(unseal(other, "open sesame").error().code == ErrorCode::kInvalidArgument);
  other = sealed;
  other.box.clear();
  CHECK(unseal(other, "open sesame").error().code == ErrorCode::kInvalidArgument);
}
