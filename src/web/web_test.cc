// SPDX-License-Identifier: Apache-2.0
#include "web/web.h"

#include <doctest/doctest.h>

namespace berth::web {

TEST_CASE("a location is read from where it stands") {
  const std::string base = "https://h:1/v2/a/blobs/uploads/?x=1";
  CHECK(resolve_url(base, "https://other/b") == "https://other/b");
  CHECK(resolve_url(base, "//other/b") == "https://other/b");
  CHECK(resolve_url(base, "/b?c=http://d") == "https://h:1/b?c=http://d");
  CHECK(resolve_url(base, "b") == "https://h:1/v2/a/blobs/uploads/b");
  CHECK(resolve_url(base, "?y") == "https://h:1/v2/a/blobs/uploads/?y");
  CHECK(resolve_url("https://h:1", "b") == "https://h:1/b");
  CHECK(resolve_url(base, "/b#c") == "https://h:1/b");
  CHECK(resolve_url(base, "") == "");
  CHECK(resolve_url(base, "/a b") == "");
  CHECK(resolve_url(base, "/" + std::string(10000, 'a')) == "");
}

TEST_CASE("a server that isn't asked by TLS is this machine, unless that is asked for") {
  CHECK(Web::create("http://127.0.0.1:5000/v2/", {}).has_value());
  CHECK(Web::create("https://example.com/v2/", {}).has_value());
  const auto plain = Web::create("http://example.com/v2/", {});
  REQUIRE_FALSE(plain.has_value());
  CHECK(plain.error().code == ErrorCode::kDenied);
  CHECK(plain.error().message.find("--plain-http") != std::string::npos);
  CHECK(Web::create("http://example.com/v2/", {.plain_http = true}).has_value());
}

TEST_CASE("this machine has several names") {
  for (const char* const host :
       {"localhost", "localhost:5000", "a.localhost", "127.0.0.1:1", "127.9.9.9", "[::1]:80"})
    CHECK_MESSAGE(is_loopback(host), host);
  for (const char* const host : {"example.com", "localhost.example.com", "10.0.0.1", "[::2]", "128.0.0.1"})
    CHECK_FALSE_MESSAGE(is_loopback(host), host);
}

}  // namespace berth::web
