// SPDX-License-Identifier: Apache-2.0
#include "host/berthing.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>

namespace berth::host {
namespace {

policy::Policy with(std::initializer_list<std::string_view> grants) {
  policy::Policy policy;
  for (const std::string_view grant : grants)
    policy.grants.push_back(policy::parse_grant(grant, "test").value());
  return policy;
}

}  // namespace

TEST_CASE("a guest gets what its policy grants, and the phantom") {
  const engine::Guest guest = guest_for(with({"files /tmp:/data:rw", "env A=b", "stdio out"})).value();
  REQUIRE(guest.folders.size() == 1);
  CHECK(guest.folders[0].guest_path == "/data");
  CHECK(guest.folders[0].writable);
  CHECK(guest.env == std::vector<std::pair<std::string, std::string>>{{"A", "b"}});
  CHECK(guest.stdout_open);
  CHECK_FALSE(guest.stdin_open);
  CHECK(guest.phantom);
}

TEST_CASE("two folders can't have the same place in the guest") {
  CHECK(guest_for(with({"files /tmp:/data", "files /etc:/data"})).error().code ==
        ErrorCode::kInvalidArgument);
}

TEST_CASE("a grant that covers / leaves no place for the phantom") {
  CHECK_FALSE(guest_for(with({"files /tmp:/"}))->phantom);
}

TEST_CASE("a variable of this shell's own is passed on, and one that isn't set is not") {
  ::setenv("BERTH_TEST_VARIABLE", "value", 1);
  const auto guest = guest_for(with({"env BERTH_TEST_VARIABLE", "env BERTH_TEST_UNSET"})).value();
  CHECK(guest.env == std::vector<std::pair<std::string, std::string>>{{"BERTH_TEST_VARIABLE", "value"}});
}

TEST_CASE("the network's grants are given, and the names of sockets' rules are looked up by berth") {
  const auto guest =
      guest_for(with({"http.out https://example.com/*", "socket.out tcp://db.example.com:5432",
                      "socket.out tcp://*.example.com:80", "socket.in tcp://127.0.0.1:0", "dns *"}));
  REQUIRE(guest.has_value());
  CHECK(guest->names == std::vector<std::string>{"db.example.com"});
}

TEST_CASE("a grant or a limit that isn't held yet stops the run") {
  CHECK(guest_for(with({"http.in 127.0.0.1:8080"})).error().code == ErrorCode::kUnsupported);
  policy::Policy bounded;
  bounded.limits.instances = 1;
  CHECK(guest_for(bounded).error().code == ErrorCode::kUnsupported);
}

TEST_CASE("a memory limit is divided without a byte over") {
  for (const uint64_t limit : {uint64_t{1} << 20, uint64_t{64} << 20, uint64_t{1} << 30, uint64_t{8} << 30}) {
    const MemoryShares shares = share_memory(limit);
    CHECK(shares.guest_bytes + shares.reserve_bytes() == limit);
    CHECK(shares.guest_bytes >= limit / 2);
  }
}

TEST_CASE("a memory limit that can't hold the reserve is refused") {
  policy::Policy tiny;
  tiny.limits.memory_bytes = 1000;
  CHECK(guest_for(tiny).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("a granted folder becomes absolute and free of links, and must be there") {
  policy::Policy here = with({"files .:/data"});
  REQUIRE(anchor(here, "/tmp").has_value());
  CHECK(std::get<policy::FilesGrant>(here.grants[0].extent).host_path ==
        std::filesystem::canonical("/tmp").string());
  policy::Policy missing = with({"files ./nowhere:/data"});
  CHECK(anchor(missing, "/tmp").error().code == ErrorCode::kNotFound);
  policy::Policy file = with({"files /etc/passwd:/data"});
  CHECK(anchor(file, "/tmp").error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("a granted CID has one form, in whichever it is written") {
  constexpr const char* kDirectory = "ipfs://bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354";
  for (const char* const written :
       {"QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn",
        "BAFYBEICZSSCDSBS7FFQZ55ASQDF3SMV6KLCW3GOFSZVWLYARCI47BGF354",
        "f0170122059948439065f29619ef41280cbb932be52c56d99c5966b65e0111239f098bbef",
        "zdj7WbTaiJT1fgatdet9Ei9iDB5hdCxkbVyhyh8YTUnXMiwYi",
        "k2jmtxtlhjl3fhmgndf92e48by79ryjuvqp3y2qgehpao6v3lurvnmcv",
        "uAXASIFmUhDkGXylhnvQSgMu5Mr5SxW2ZxZZrZeAREjnwmLvv"}) {
    CAPTURE(written);
    policy::Policy asked = with(
        {"content fetch ipfs://" + std::string(written), "files ipfs://" + std::string(written) + ":/data"});
    REQUIRE(anchor(asked, "/tmp").has_value());
    CHECK(std::get<policy::ContentGrant>(asked.grants[0].extent).rules[0].what == kDirectory);
    CHECK(std::get<policy::FilesGrant>(asked.grants[1].extent).content == kDirectory);
  }
}

}  // namespace berth::host
