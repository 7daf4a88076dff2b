// SPDX-License-Identifier: Apache-2.0
#include "host/second_wall.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <algorithm>

namespace berth::host {
namespace {

WallPlan plan_for(std::initializer_list<std::string_view> grants) {
  policy::Policy policy;
  for (const std::string_view grant : grants) {
    policy.grants.push_back(policy::parse_grant(grant, "test").value());
  }
  return wall_for(policy, {"/state"});
}

bool lets_in(const WallPlan& plan, std::string_view path) {
  return std::ranges::find(plan.readable, path) != plan.readable.end();
}

}  // namespace

TEST_CASE("without grants nothing is let in but what berth writes itself") {
  const WallPlan plan = plan_for({"stdio out", "env A=b"});
  CHECK(plan.readable.empty());
  CHECK(plan.writable == std::vector<std::string>{"/state"});
  CHECK(plan.tcp == WallPlan::Tcp::kClosed);
}

TEST_CASE("folders are let in as they are granted") {
  const WallPlan plan = plan_for({"files /data:/data", "files /site:/site:rw"});
  CHECK(plan.readable == std::vector<std::string>{"/data"});
  CHECK(plan.writable == std::vector<std::string>{"/state", "/site"});
  CHECK(plan.tcp == WallPlan::Tcp::kClosed);
}

TEST_CASE("what a network grant needs of this machine is let in with it, and nothing for another one") {
  const WallPlan http = plan_for({"http.out https://example.com/*"});
  CHECK(http.tcp == WallPlan::Tcp::kOpen);
  CHECK(lets_in(http, "/etc/resolv.conf"));
  CHECK(lets_in(http, "/etc/ssl"));
  const WallPlan socket = plan_for({"socket.out tcp://10.0.0.1:5432"});
  CHECK(socket.tcp == WallPlan::Tcp::kOpen);
  CHECK_FALSE(lets_in(socket, "/etc/ssl"));
  const WallPlan server = plan_for({"socket.in tcp://127.0.0.1:9000"});
  CHECK(server.tcp == WallPlan::Tcp::kOpen);
  CHECK(server.readable.empty());
}

TEST_CASE("a grant to ask a module inside lets nothing of the network in") {
  const WallPlan plan = plan_for({"http.out berth:other"});
  CHECK(plan.tcp == WallPlan::Tcp::kClosed);
  CHECK(plan.readable.empty());
}

TEST_CASE("a server of berth's own is let in by its port, and guests reach no other") {
  WallPlan plan = plan_for({});
  let_reach(plan, {.port = 4318});
  CHECK(plan.tcp == WallPlan::Tcp::kClosed);
  CHECK(plan.ports == std::vector<uint16_t>{4318});
  CHECK(lets_in(plan, "/etc/resolv.conf"));
  CHECK_FALSE(lets_in(plan, "/etc/ssl"));
  let_reach(plan, {.port = 443, .machines_roots = true});
  CHECK(lets_in(plan, "/etc/ssl"));
}

TEST_CASE("certificates that the owner's environment names are let in") {
  ::setenv("SSL_CERT_DIR", "/one:/two", 1);
  const WallPlan plan = plan_for({"http.out https://example.com/*"});
  ::unsetenv("SSL_CERT_DIR");
  CHECK(lets_in(plan, "/one"));
  CHECK(lets_in(plan, "/two"));
}

}  // namespace berth::host
