// SPDX-License-Identifier: Apache-2.0
#pragma once
// Names of WIT as names of C++. A name that C++ has for itself gets a `_` behind it.

#include <string>
#include <string_view>

namespace berth::bindgen {

/// "price-list" as "PriceList".
std::string type_name(std::string_view wit);

/// "price-list" as "price_list": functions, fields, parameters.
std::string value_name(std::string_view wit);

/// "price-list" as "kPriceList".
std::string constant_name(std::string_view wit);

/// "shop:price/rule@1.2.0" as "shop::price::rule", "rule" as "rule" in the namespace of `package`.
std::string namespace_of(std::string_view interface, std::string_view package);

/// "shop:price@1.2.0" as "shop::price".
std::string package_namespace(std::string_view package);

}  // namespace berth::bindgen
