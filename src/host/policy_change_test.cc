// SPDX-License-Identifier: Apache-2.0
#include "host/policy_change.h"

#include <doctest/doctest.h>

#include "host/second_wall.h"

namespace berth::host {
namespace {

policy::Policy policy_of(std::initializer_list<std::string_view> grants) {
  policy::Policy policy;
  for (const auto grant : grants) policy.grants.push_back(*policy::parse_grant(grant, "test"));
  return policy;
}

std::string verdict(const policy::Policy& before, policy::Policy after) {
  return needs_restart(before, after, wall_for(before, {"/state/denials"})).value_or("none");
}

TEST_CASE("a policy that opens no more than before needs no restart") {
  const auto before = policy_of({"files /data:/data:ro", "http.out https://example.com/*"});
  CHECK(verdict(before, before) == "none");
  CHECK(verdict(before, policy_of({})) == "none");
  CHECK(verdict(before, policy_of({"files /data/below:/data:ro", "http.out https://other.example/*"})) ==
        "none");
  auto shorter = before;
  REQUIRE(policy::set_limit(shorter.limits, "wall", "1s").has_value());
  CHECK(verdict(before, shorter) == "none");
}

TEST_CASE("what the wall keeps out needs a restart") {
  CHECK(verdict(policy_of({}), policy_of({"files /data:/data:ro"})).contains("'/data' out of reach"));
  CHECK(verdict(policy_of({"files /data:/data:ro"}), policy_of({"files /database:/data:ro"}))
            .contains("out of reach"));
  CHECK(verdict(policy_of({}), policy_of({"http.out https://example.com/*"})).contains("the network"));
}

TEST_CASE("what is set aside for a module needs a restart") {
  const auto before = policy_of({});
  auto after = before;
  REQUIRE(policy::set_limit(after.limits, "memory", "1GiB").has_value());
  CHECK(verdict(before, after).contains("'memory'"));
  CHECK(verdict(policy_of({"files /data:/data:rw"}), before).contains("write to other folders"));
}

TEST_CASE("content that is opened for the first time needs a restart") {
  const auto some = policy_of({"content fetch ipfs://*"});
  CHECK(verdict(policy_of({}), some).contains("content is new"));
  CHECK(verdict(some, policy_of({"content fetch"})) == "none");
}

TEST_CASE("a volume that was there before lies where it did, and a new one needs a restart") {
  auto before = policy_of({"files @notes"});
  std::get<policy::FilesGrant>(before.grants.front().extent).host_path = "/state/volumes/notes/data";
  CHECK(verdict(before, policy_of({"files @notes"})) == "none");
  CHECK(verdict(before, policy_of({"files @other"})).contains("'@other' is new"));
}

}  // namespace
}  // namespace berth::host
