// SPDX-License-Identifier: Apache-2.0
#include "base/interface_name.h"

#include <doctest/doctest.h>

namespace berth {
namespace {

/// Versions of one interface.
bool meets(const char* found, const char* wanted) {
  return stands_for(parse_interface(std::string("shop:price/rule") + found).value(),
                    parse_interface(std::string("shop:price/rule") + wanted).value());
}

TEST_CASE("a later version of the same line stands for what is asked") {
  CHECK(meets("@1.2.0", "@1.2"));
  CHECK(meets("@1.2.7", "@1.2"));
  CHECK(meets("@1.3.0", "@1.2"));
  CHECK(meets("@1.10.0", "@1.9.3"));
  CHECK(meets("@1.2.0", "@1"));
  CHECK(meets("@1.2.3", "@1.2.3"));
  CHECK(meets("@1.2.3+build.5", "@1.2.3"));
}

TEST_CASE("an earlier one and one of another line don't") {
  CHECK_FALSE(meets("@1.1.9", "@1.2"));
  CHECK_FALSE(meets("@1.2.2", "@1.2.3"));
  CHECK_FALSE(meets("@2.0.0", "@1.2"));
  CHECK_FALSE(meets("@0.9.0", "@1"));
}

TEST_CASE("before 1.0 the second number is the line, before 0.1 the third") {
  CHECK(meets("@0.2.0", "@0.2"));
  CHECK(meets("@0.2.11", "@0.2.6"));
  CHECK_FALSE(meets("@0.3.0", "@0.2"));
  CHECK_FALSE(meets("@0.2.5", "@0.2.6"));
  CHECK(meets("@0.0.3", "@0.0.3"));
  CHECK_FALSE(meets("@0.0.4", "@0.0.3"));
  CHECK(meets("@0.7.1", "@0"));
  CHECK_FALSE(meets("@1.0.0", "@0"));
}

TEST_CASE("without a version any is asked for, and what has none meets no version") {
  CHECK(meets("@1.2.0", ""));
  CHECK(meets("", ""));
  CHECK_FALSE(meets("", "@1.2"));
}

TEST_CASE("a version before its release stands for itself alone") {
  CHECK(meets("@1.2.0-rc.1", "@1.2.0-rc.1"));
  CHECK_FALSE(meets("@1.2.0-rc.1", "@1.2"));
  CHECK_FALSE(meets("@1.2.0-rc.2", "@1.2.0-rc.1"));
  CHECK_FALSE(meets("@1.2.0", "@1.2.0-rc.1"));
  CHECK(meets("@1.2.0-rc.1", ""));
}

TEST_CASE("names are compared whole") {
  const auto found = parse_interface("shop:price/rule@1.2.0").value();
  CHECK_FALSE(stands_for(found, parse_interface("shop:price/rules@1.2").value()));
  CHECK_FALSE(stands_for(found, parse_interface("rule").value()));
  CHECK(stands_for(parse_interface("rule").value(), parse_interface("rule").value()));
}

TEST_CASE("versions are put in order by number, not by letter") {
  const auto order = [](const char* left, const char* right) {
    return compare(parse_interface(std::string("a:b/c") + left).value().version,
                   parse_interface(std::string("a:b/c") + right).value().version);
  };
  CHECK(order("@1.10.0", "@1.9.0") > 0);
  CHECK(order("@1.2.0-rc.1", "@1.2.0") < 0);
  CHECK(order("@1.2.0", "@1.2.0") == 0);
}

TEST_CASE("what is no name of an interface is refused") {
  for (const char* const text :
       {"", "@1", "shop:price/", ":price/rule", "shop/rule", "shop:price/rule@", "shop:price/rule@1.",
        "shop:price/rule@1.2.3.4", "shop:price/rule@x", "shop:price/rule@1.2-rc.1", "shop:price/rule@1.2.0-",
        "shop:price/rule@-1", "shop:price/rule@99999999999999999999", "shop:price/a/b", "1rule", "a b"}) {
    INFO(text);
    const auto parsed = parse_interface(text);
    CHECK_FALSE(parsed.has_value());
  }
}

TEST_CASE("the interface of a function is what stands before its name") {
  CHECK(interface_of_function("shop:price/rule@1.2.0.total") == "shop:price/rule@1.2.0");
  CHECK(interface_of_function("shop:price/rule@1.2.0-rc.1.total") == "shop:price/rule@1.2.0-rc.1");
  CHECK(interface_of_function("shop:price/rule.total") == "shop:price/rule");
  CHECK(interface_of_function("shop:price/rule@1.2.0.[method]basket.add") == "shop:price/rule@1.2.0");
  CHECK(interface_of_function("rule.total") == "rule");
  CHECK(interface_of_function("total").empty());
  CHECK(interface_of_function("[method]basket.add").empty());
}

}  // namespace
}  // namespace berth
