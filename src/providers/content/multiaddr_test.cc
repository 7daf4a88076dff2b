// SPDX-License-Identifier: Apache-2.0
#include "providers/content/multiaddr.h"

#include <doctest/doctest.h>

namespace berth::content {

TEST_CASE("an address of libp2p is a URL where it is one of HTTP") {
  const auto url = [](std::string_view text) { return url_of_multiaddr(text).value_or(""); };
  CHECK(url("/dns4/dag.example/tcp/443/https") == "https://dag.example");
  CHECK(url("/dns/dag.example/https") == "https://dag.example");
  CHECK(url("/dns/dag.example/tcp/8443/tls/http/p2p/12D3KooWx") == "https://dag.example:8443");
  CHECK(url("/ip4/203.0.113.7/tcp/80/http") == "http://203.0.113.7");
  CHECK(url("/ip6/2001:db8::1/tcp/3747/http") == "http://[2001:db8::1]:3747");
}

TEST_CASE("what isn't, or says something that isn't known, is none") {
  for (const char* const text :
       {"", "/", "https://a", "/ip4/203.0.113.7/tcp/4001", "/ip4/203.0.113.7/udp/4001/quic-v1", "/ip4/a/http",
        "/dns/a b/https", "/dns/a@b/https", "/dns/a/tcp/0/https", "/dns/a/tcp/70000/https",
        "/dns/a/tcp/https", "/dns/a/tls", "/dns/a/https/x", "/dns/127.1/https", "/ip4/::1/http"})
    CHECK_FALSE_MESSAGE(url_of_multiaddr(text).has_value(), text);
}

TEST_CASE("a server's URL is an address of libp2p, and back") {
  for (const std::string_view url : {"https://example.com", "http://example.com", "https://example.com:8443",
                                     "http://[2001:db8::1]:81", "https://192.0.2.1"}) {
    const auto address = multiaddr_of_url(url);
    REQUIRE(address);
    CHECK(url_of_multiaddr(*address) == url);
  }
  CHECK(multiaddr_of_url("https://example.com/") == "/dns/example.com/tcp/443/tls/http");
  for (const std::string_view url :
       {"", "ftp://example.com", "https://", "https://example.com/path", "https://a b",
        "https://example.com:0", "https://user@example.com", "https://example.com:443x"})
    CHECK_FALSE(multiaddr_of_url(url));
}

}  // namespace berth::content
