// SPDX-License-Identifier: Apache-2.0
#include "policy/address.h"

#include <doctest/doctest.h>

#include <random>

using namespace berth::policy;

namespace {

std::string canonical(std::string_view text) {
  auto address = parse_address(text);
  return address ? to_text(*address) : "refused";
}

std::string canonical_network(std::string_view text) {
  auto network = parse_network(text);
  return network ? to_text(*network) : network.error().message;
}

}  // namespace

TEST_CASE("addresses have one canonical spelling") {
  CHECK(canonical("127.0.0.1") == "127.0.0.1");
  CHECK(canonical("::") == "::");
  CHECK(canonical("0:0:0:0:0:0:0:1") == "::1");
  CHECK(canonical("2001:DB8::0001") == "2001:db8::1");
  CHECK(canonical("2001:db8:0:1:1:1:1:1") == "2001:db8:0:1:1:1:1:1");
  CHECK(canonical("1:0:0:2:0:0:0:3") == "1:0:0:2::3");
  CHECK(canonical("1:0:0:2:3:0:0:4") == "1::2:3:0:0:4");
  CHECK(canonical("64:ff9b::1.2.3.4") == "64:ff9b::102:304");
}

TEST_CASE("an IPv4 address inside IPv6 is that IPv4 address") {
  CHECK(canonical("::ffff:127.0.0.1") == "127.0.0.1");
  CHECK(canonical("::ffff:7f00:1") == "127.0.0.1");
  CHECK(canonical("0:0:0:0:0:FFFF:10.0.0.1") == "10.0.0.1");
  CHECK(canonical_network("::ffff:10.0.0.0/104") == "10.0.0.0/8");
  CHECK(canonical_network("::ffff:0:0/96") == "0.0.0.0/0");
}

TEST_CASE("what another program could read as a different address is refused") {
  for (const char* bad : {"",
                          "1",
                          "127.1",
                          "127.0.1",
                          "127.0.0.1.",
                          "127.0.0.01",
                          "0127.0.0.1",
                          "0x7f.0.0.1",
                          "2130706433",
                          "256.0.0.1",
                          "1.2.3.4.5",
                          "1.2.3.-4",
                          " 1.2.3.4",
                          "::1%eth0",
                          "[::1]",
                          ":::",
                          ":1",
                          "1:",
                          "1::2::3",
                          "1:2:3:4:5:6:7",
                          "1:2:3:4:5:6:7:8:9",
                          "1:2:3:4:5:6:7::8:9",
                          "12345::",
                          "::g",
                          "::1.2.3",
                          "1.2.3.4::",
                          "::1.2.3.4:5",
                          "::+1",
                          "::-1",
                          "::0x1"}) {
    CAPTURE(bad);
    CHECK(canonical(bad) == "refused");
  }
}

TEST_CASE("networks have a prefix length in range and no bits behind it") {
  CHECK(canonical_network("10.0.0.0/8") == "10.0.0.0/8");
  CHECK(canonical_network("0.0.0.0/0") == "0.0.0.0/0");
  CHECK(canonical_network("10.0.0.1/32") == "10.0.0.1");
  CHECK(canonical_network("fd00::/8") == "fd00::/8");
  CHECK(canonical_network("::1/128") == "::1");
  CHECK(canonical_network("10.1.2.3/8") ==
        "'10.1.2.3/8' has bits set behind its prefix, did you mean '10.0.0.0/8'");
  CHECK(canonical_network("10.0.0.0/33") == "'33' is not a prefix length, use 0 to 32");
  CHECK(canonical_network("::/129") == "'129' is not a prefix length, use 0 to 128");
  CHECK(canonical_network("::ffff:0:0/80") == "'80' is not a prefix length, use 96 to 128");
  for (const char* bad :
       {"10.0.0.0/", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8/8", "/8", "10.0.0.0/255.0.0.0"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_network(bad).has_value());
  }
}

TEST_CASE("a network holds the addresses and networks that share its prefix") {
  Network ten = *parse_network("10.0.0.0/9");
  CHECK(contains(ten, *parse_address("10.127.255.255")));
  CHECK_FALSE(contains(ten, *parse_address("10.128.0.0")));
  CHECK_FALSE(contains(ten, *parse_address("::a00:0")));
  CHECK(contains(ten, *parse_network("10.64.0.0/10")));
  CHECK_FALSE(contains(ten, *parse_network("10.0.0.0/8")));
  CHECK(contains(*parse_network("::/0"), *parse_address("fe80::1")));
  CHECK_FALSE(contains(*parse_network("::/0"), *parse_address("::ffff:1.2.3.4")));
}

TEST_CASE("any address is read back from its text") {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    IpAddress address{.family = random() % 2 == 0 ? AddressFamily::kIpv4 : AddressFamily::kIpv6};
    auto length = static_cast<size_t>(address_bits(address.family) / 8);
    for (size_t at = 0; at < length; ++at)
      address.bytes[at] = random() % 2 == 0 ? 0 : static_cast<uint8_t>(random());
    CHECK(parse_address(to_text(address)) == address);
  }
}
