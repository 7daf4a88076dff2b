// SPDX-License-Identifier: Apache-2.0
#include "serve/routes.h"

#include <doctest/doctest.h>

namespace berth::serve {
namespace {

Routes routes_of(std::initializer_list<std::string_view> texts) {
  Routes routes;
  size_t target = 0;
  for (const auto text : texts) REQUIRE(routes.add(*parse_route(text), target++).has_value());
  return routes;
}

TEST_CASE("a route is a host, a path, or both") {
  CHECK(*parse_route("API.Example.com./v1/") == RoutePattern{"api.example.com", "/v1"});
  CHECK(*parse_route("/") == RoutePattern{"", ""});
  CHECK(*parse_route("/a/b") == RoutePattern{"", "/a/b"});
  CHECK(*parse_route("127.0.0.1") == RoutePattern{"127.0.0.1", ""});
  CHECK(*parse_route("[::1]/x") == RoutePattern{"[::1]", "/x"});
  for (const auto* wrong : {"", "a b", "*.example.com", "*", "/a?b", "/a//b", "host/\x01", "ex ample/"}) {
    CHECK_FALSE(parse_route(wrong).has_value());
  }
  for (const auto* text : {"/", "/a", "api.example.com", "api.example.com/v1"}) {
    CHECK(to_text(*parse_route(text)) == text);
  }
}

TEST_CASE("the longest that fits is it, and a host comes before a path") {
  const Routes routes = routes_of({"/", "/v1", "/v1/deep", "api.example.com", "api.example.com/v1"});
  CHECK(routes.find("other", "/x") == 0);
  CHECK(routes.find("other", "/v1") == 1);
  CHECK(routes.find("other", "/v1?q=/v1/deep") == 1);
  CHECK(routes.find("other", "/v1/deep/er") == 2);
  CHECK(routes.find("other", "/v10") == 0);
  CHECK(routes.find("API.example.COM.", "/v1/deep") == 4);
  CHECK(routes.find("api.example.com", "/else") == 3);
  CHECK(routes.find_route("other", "/v1/deep/er")->prefix == "/v1/deep");
  CHECK(routes.find_route("other", "/x")->prefix.empty());
}

TEST_CASE("what no route holds goes nowhere") {
  const Routes routes = routes_of({"api.example.com/v1"});
  CHECK_FALSE(routes.find("example.com", "/v1").has_value());
  CHECK_FALSE(routes.find("api.example.com", "/").has_value());
  CHECK_FALSE(routes.find("api.example.com", "/a/../v1").has_value());
  CHECK_FALSE(Routes().find("", "/").has_value());
}

TEST_CASE("two modules can't have one route") {
  Routes routes = routes_of({"/a"});
  CHECK_FALSE(routes.add(*parse_route("/a/"), 1).has_value());
}

}  // namespace
}  // namespace berth::serve
