// SPDX-License-Identifier: Apache-2.0
#include "embed/import_name.h"

#include <doctest/doctest.h>

namespace berth::embed {
namespace {

constexpr std::string_view kPrice = "shop:price/catalog@1.2.0.price";

TEST_CASE("an import is named with its interface, in more or fewer words") {
  CHECK(named_by("shop:price/catalog@1.2.0.price", kPrice) == 0U);
  CHECK(named_by("shop:price/catalog@1.2.0/price", kPrice) == 0U);
  CHECK(named_by("shop:price/catalog@1.0.3#price", kPrice) == 1U);
  CHECK(named_by("shop:price/catalog.price", kPrice) == 2U);
  CHECK(named_by("catalog@1.2.0.price", kPrice) == 3U);
  CHECK(named_by("catalog@1.9.0.price", kPrice) == 4U);
  CHECK(named_by("catalog.price", kPrice) == 5U);
}

TEST_CASE("what names another function names nothing") {
  for (const std::string_view other :
       {"price", "rice", "", ".price", "shop:price/catalog.prices", "shop:price/list.price",
        "price/catalog.price", "shop:price/catalog@2.0.0.price", "shop:price/catalog@1.2.price"}) {
    CHECK_MESSAGE(!named_by(other, kPrice), other);
  }
}

TEST_CASE("a function of the world has its name alone") {
  CHECK(named_by("log", "log") == 0U);
  CHECK_FALSE(named_by("console.log", "log"));
  CHECK_FALSE(named_by("log", "wasi:logging/logging@0.1.0-draft.log"));
}

TEST_CASE("methods go without what is in brackets") {
  CHECK(named_by("shop:price/carts@1.0.0.[method]cart.add", "shop:price/carts@1.0.0.[method]cart.add") == 0U);
  CHECK(named_by("shop:price/carts.cart.add", "shop:price/carts@1.0.0.[method]cart.add") == 2U);
  CHECK(named_by("carts.cart", "shop:price/carts@1.0.0.[constructor]cart") == 5U);
  CHECK(named_by("[static]cart.all", "[static]cart.all") == 0U);
}

TEST_CASE("versions are compatible as the engine has it") {
  CHECK(compatible("1.0.0", "1.9.3"));
  CHECK(compatible("0.2.0", "0.2.12"));
  CHECK(compatible("0.0.3", "0.0.3"));
  CHECK_FALSE(compatible("1.0.0", "2.0.0"));
  CHECK_FALSE(compatible("0.2.0", "0.3.0"));
  CHECK_FALSE(compatible("0.0.3", "0.0.4"));
  CHECK_FALSE(compatible("0.2.0-draft", "0.2.0"));
  CHECK(compatible("0.2.0-draft", "0.2.0-draft"));
  CHECK_FALSE(compatible("1.0", "1.0.0"));
}

}  // namespace
}  // namespace berth::embed
