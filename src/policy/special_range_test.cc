// SPDX-License-Identifier: Apache-2.0
#include "policy/special_range.h"

#include <doctest/doctest.h>

using namespace berth::policy;

namespace {

std::string_view range_of(std::string_view address) {
  const SpecialRange* range = special_range_of(*parse_address(address));
  return range == nullptr ? "ordinary" : range->name;
}

bool names(std::string_view network, std::string_view address) {
  return names_address(*parse_network(network), *parse_address(address));
}

}  // namespace

TEST_CASE("addresses that lead elsewhere than to the open Internet are special") {
  struct Row {
    const char* address;
    const char* range;
  };
  for (Row row : {Row{"127.0.0.1", "loopback"},
                  Row{"127.255.255.255", "loopback"},
                  Row{"0.0.0.0", "unspecified"},
                  Row{"10.1.2.3", "private"},
                  Row{"172.31.255.255", "private"},
                  Row{"172.32.0.0", "ordinary"},
                  Row{"192.168.0.1", "private"},
                  Row{"100.127.0.1", "shared by a carrier"},
                  Row{"100.128.0.1", "ordinary"},
                  Row{"169.254.1.1", "link-local"},
                  Row{"169.254.169.254", "a metadata service"},
                  Row{"168.63.129.16", "a metadata service"},
                  Row{"224.0.0.1", "multicast"},
                  Row{"255.255.255.255", "broadcast"},
                  Row{"250.0.0.1", "reserved"},
                  Row{"198.19.0.1", "for benchmarks"},
                  Row{"8.8.8.8", "ordinary"},
                  Row{"1.1.1.1", "ordinary"},
                  Row{"::", "unspecified"},
                  Row{"::1", "loopback"},
                  Row{"::ffff:127.0.0.1", "loopback"},
                  Row{"::7f00:1", "an old form of IPv4"},
                  Row{"64:ff9b::7f00:1", "a translation of IPv4"},
                  Row{"2002:7f00:1::", "a tunnel of IPv4"},
                  Row{"2001:0:1::", "a tunnel of IPv4"},
                  Row{"fe80::1", "link-local"},
                  Row{"fd12::1", "private"},
                  Row{"fd00:ec2::254", "a metadata service"},
                  Row{"ff02::1", "multicast"},
                  Row{"2606:4700::1111", "ordinary"},
                  Row{"2001:db8::1", "for documentation"}}) {
    CAPTURE(row.address);
    CHECK(range_of(row.address) == row.range);
  }
}

TEST_CASE("a network reaches special addresses only when it lies inside their range") {
  CHECK(names("10.0.0.0/8", "10.1.2.3"));
  CHECK(names("10.1.2.3", "10.1.2.3"));
  CHECK_FALSE(names("0.0.0.0/0", "10.1.2.3"));
  CHECK_FALSE(names("8.0.0.0/6", "10.1.2.3"));
  CHECK(names("8.0.0.0/6", "9.9.9.9"));
  CHECK(names("0.0.0.0/0", "9.9.9.9"));
  CHECK_FALSE(names("10.0.0.0/8", "11.0.0.1"));
}

TEST_CASE("a metadata service needs to be named by itself, its network isn't enough") {
  CHECK(names("169.254.0.0/16", "169.254.1.1"));
  CHECK_FALSE(names("169.254.0.0/16", "169.254.169.254"));
  CHECK(names("169.254.169.254", "169.254.169.254"));
}
