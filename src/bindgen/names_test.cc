// SPDX-License-Identifier: Apache-2.0
#include "bindgen/names.h"

#include <doctest/doctest.h>

namespace berth::bindgen {
namespace {

TEST_CASE("names of WIT are names of C++") {
  CHECK(type_name("price-list") == "PriceList");
  CHECK(type_name("HTTP-status") == "HttpStatus");
  CHECK(value_name("price-list") == "price_list");
  CHECK(constant_name("not-found") == "kNotFound");
  CHECK(value_name("class") == "class_");
  CHECK(value_name("errno") == "errno_");
}

TEST_CASE("an interface has a namespace") {
  CHECK(namespace_of("shop:price/rule@1.2.0", "other:package") == "shop::price::rule");
  CHECK(namespace_of("shop:price/static", "other:package") == "shop::price::static_");
  CHECK(namespace_of("rule", "shop:price@1.2.0") == "shop::price::rule");
  CHECK(package_namespace("std:new") == "std_::new_");
}

}  // namespace
}  // namespace berth::bindgen
