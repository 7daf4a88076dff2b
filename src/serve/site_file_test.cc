// SPDX-License-Identifier: Apache-2.0
#include "serve/site_file.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace berth::serve {
namespace {

constexpr const char* kSite = R"(
[[route]]
at = "api.example.com/v1"
module = "api.wasm"
policy = "policies/api.toml"

[[route]]
at = "/"
module = "/srv/web.wasm"
)";

std::string refusal(std::string_view text) {
  const auto parsed = parse_site(text, "site.toml");
  REQUIRE_FALSE(parsed.has_value());
  return parsed.error().message;
}

TEST_CASE("a site's paths are relative to its file") {
  const auto routes = parse_site(kSite, "sites/one/site.toml");
  REQUIRE(routes.has_value());
  REQUIRE(routes->size() == 2);
  CHECK(to_text(*routes->front().at) == "api.example.com/v1");
  CHECK(routes->front().module == "sites/one/api.wasm");
  CHECK(routes->front().policy == "sites/one/policies/api.toml");
  CHECK(routes->front().source == "sites/one/site.toml:2");
  CHECK(routes->back().module == "/srv/web.wasm");
  CHECK_FALSE(routes->back().policy.has_value());
}

/// What the modules of a site are called, with "; " between them.
std::string names_of(std::string_view text) {
  const auto routes = parse_site(text, "site.toml");
  if (!routes) return routes.error().message;
  const auto modules = modules_of(*routes);
  if (!modules) return modules.error().message;
  std::vector<std::string> names;
  for (const SiteModule& module : *modules) names.push_back(module.name);
  return fmt::format("{}", fmt::join(names, "; "));
}

TEST_CASE("a module is called as its file is, or as the site says") {
  const auto two = [](std::string_view one, std::string_view other) {
    return names_of(fmt::format("[[route]]\nat = \"/\"\n{}\n[[route]]\nat = \"/b\"\n{}", one, other));
  };
  CHECK(two("module = \"x/web.wasm\"", "module = \"api-2.wasm\"") == "web; api-2");
  CHECK(two("module = \"Web.wasm\"", "module = \"a.b.wasm\"") == "; ");
  CHECK(two("module = \"web.wasm\"\nname = \"a\"", "module = \"web.wasm\"") == "a");
  // Two files of one name: neither is meant by it, unless one is said to be.
  CHECK(two("module = \"x/web.wasm\"", "module = \"y/web.wasm\"") == "; ");
  CHECK(two("module = \"x/web.wasm\"", "module = \"y/web.wasm\"\nname = \"web\"") == "; web");
  CHECK(two("module = \"x/web.wasm\"", "module = \"y/web.wasm\"\nname = \"api\"") == "web; api");
  CHECK(two("module = \"a.wasm\"\nname = \"x\"", "module = \"b.wasm\"\nname = \"x\"")
            .contains("no two have the same: 'a.wasm' is called 'x' already"));
  CHECK(two("module = \"a.wasm\"\nname = \"x\"", "module = \"a.wasm\"\nname = \"y\"")
            .contains("a module has one name"));
  CHECK(two("module = \"a.wasm\"\nname = \"A\"", "module = \"b.wasm\"").contains("can't be a module's name"));
}

TEST_CASE("a module for others alone has a name and no route") {
  const auto routes = parse_site(
      "[[route]]\nat = \"/\"\nmodule = \"web.wasm\"\n"
      "[[route]]\nat = \"berth:store-2\"\nmodule = \"x.wasm\"",
      "site.toml");
  REQUIRE(routes.has_value());
  const auto modules = modules_of(*routes);
  REQUIRE(modules.has_value());
  CHECK(modules->back().name == "store-2");
  CHECK(modules->back().routes.empty());
  CHECK(parse_route_option("berth:store=x.wasm")->name == "store");
  CHECK_FALSE(parse_route_option("berth:store=x.wasm")->at.has_value());
  // It may have routes, too, and one name.
  CHECK(modules_of({*parse_route_option("/a=x.wasm"), *parse_route_option("berth:s=x.wasm")})->front() ==
        SiteModule{.path = "x.wasm", .policy = {}, .name = "s", .probe = {}, .routes = {{"", "/a"}}});
  CHECK(names_of("[[route]]\nat = \"/\"\nmodule = \"a\"\n[[route]]\nat = \"berth:x\"\nmodule = \"b\"\n"
                 "[[route]]\nat = \"berth:x\"\nmodule = \"c\"")
            .contains("no two have the same: 'b' is called 'x' already"));
  CHECK(
      refusal("[[route]]\nat = \"berth:x\"\nmodule = \"b\"\nname = \"y\"").contains("a module has one name"));
  for (const auto* wrong : {"berth:", "berth:A", "berth:a/b", "berth:a.b", "berth:a:80"})
    CHECK_FALSE(parse_route_option(std::string(wrong) + "=x.wasm").has_value());
  CHECK(modules_of({*parse_route_option("berth:a=x.wasm")})
            .error()
            .message.contains("can be asked from outside"));
}

TEST_CASE("what a module is to be asked is one thing") {
  const auto two = [](std::string_view one, std::string_view other) {
    const auto routes = parse_site(fmt::format("[[route]]\nat = \"/\"\nmodule = \"a.wasm\"\n{}\n"
                                               "[[route]]\nat = \"/b\"\nmodule = \"a.wasm\"\n{}",
                                               one, other),
                                   "site.toml");
    REQUIRE(routes.has_value());
    const auto modules = modules_of(*routes);
    return modules ? modules->front().probe : modules.error().message;
  };
  CHECK(two("", "").empty());
  CHECK(two("", "probe = \"/ready?a=b\"") == "/ready?a=b");
  CHECK(two("probe = \"/a\"", "probe = \"/a\"") == "/a");
  CHECK(two("probe = \"/a\"", "probe = \"/b\"") ==
        "site.toml:5: a module has one probe, and that of 'a.wasm' is '/a' already");
  for (const auto* wrong : {"", "ready", "http://x/", "/a b", "/a#b", "/\x01"})
    CHECK_FALSE(parse_probe(wrong).has_value());
}

TEST_CASE("what is wrong with a site is said with its line and what to write") {
  CHECK(refusal("routes = 1").starts_with("site.toml:1:1: 'routes' is not a key of this file"));
  CHECK(refusal("route = 1").contains("a route is written [[route]]"));
  CHECK(refusal("route = [1]").contains("a route is written [[route]]"));
  CHECK(refusal("[[route]]\nmodule = \"a\"").starts_with("site.toml:1:1: this route has no 'at'"));
  CHECK(refusal("[[route]]\nat = \"/\"").contains("this route has no 'module'"));
  CHECK(refusal("[[route]]\nat = \"a b\"\nmodule = \"a\"").starts_with("site.toml:2:6: 'a b' is no route"));
  CHECK(refusal("[[route]]\nmodul = \"a\"").contains("did you mean 'module'"));
  CHECK(refusal("[[route]]\nat = 1").contains("'at' is text"));
  CHECK(refusal("[[route]]\nprobe = \"x\"").starts_with("site.toml:2:9: 'x' is no path to ask for"));
}

TEST_CASE("a route on the command line is a route and a module") {
  const auto route = parse_route_option("/a=x=y.wasm");
  REQUIRE(route.has_value());
  CHECK(to_text(*route->at) == "/a");
  CHECK(route->module == "x=y.wasm");
  for (const auto* wrong : {"/a", "/a=", "=x.wasm", "a b=x.wasm"}) {
    CHECK_FALSE(parse_route_option(wrong).has_value());
  }
}

TEST_CASE("routes to one module under one policy are one module's") {
  const auto routes = {*parse_route_option("/a=x.wasm"), *parse_route_option("/b=y.wasm"),
                       *parse_route_option("/c=x.wasm")};
  const auto modules = modules_of(routes);
  REQUIRE(modules.has_value());
  REQUIRE(modules->size() == 2);
  CHECK(modules->front().routes.size() == 2);
}

TEST_CASE("two equal routes are refused, and both are named") {
  const auto modules = modules_of({*parse_route_option("/a=x.wasm"), *parse_route_option("/a/=y.wasm")});
  REQUIRE_FALSE(modules.has_value());
  CHECK(modules.error().message ==
        "--route /a/=y.wasm: the route '/a' is taken by --route /a=x.wasm: give one of them another");
  CHECK_FALSE(modules_of({}).has_value());
}

}  // namespace
}  // namespace berth::serve
