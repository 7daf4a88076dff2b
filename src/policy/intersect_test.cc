// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>

#include "policy/policy.h"
#include "policy/random_grant.h"

using namespace berth;
using namespace berth::policy;

namespace {

using Lines = std::vector<const char*>;

std::vector<Grant> grants(const Lines& lines, Role role) {
  std::vector<Grant> read;
  for (const char* line : lines) {
    read.push_back(parse_grant(line, role == Role::kOwner ? "host.toml:1" : "command line", role).value());
  }
  return read;
}

Effective meet(const Lines& asked, const Lines& allowed) {
  return intersect(Policy{.grants = grants(asked, Role::kAsker)},
                   Bounds{.grants = grants(allowed, Role::kOwner), .source = "host.toml"});
}

/// What remains, one grant a line.
std::string left(const Lines& asked, const Lines& allowed) {
  std::string text;
  for (const Grant& grant : meet(asked, allowed).policy.grants) text += to_text(grant) + "\n";
  return text;
}

/// Whether `grants` together open all of `grant`: each of the parts that it may have been joined from.
bool opens(const std::vector<Grant>& grants, const Grant& grant) {
  Effective rest = intersect(Policy{.grants = {grant}}, Bounds{.grants = grants});
  return rest.cuts.empty();
}

}  // namespace

TEST_CASE("an owner without rules about grants cuts nothing, one with an empty list all") {
  Policy asked{.grants = grants({"files /a", "dns *"}, Role::kAsker)};
  CHECK(intersect(asked, Bounds{}).policy == asked);
  Effective nothing = intersect(asked, Bounds{.grants = std::vector<Grant>{}, .source = "host.toml"});
  CHECK(nothing.policy.grants.empty());
  CHECK(nothing.cuts.size() == 2);
}

TEST_CASE("files are bounded by folder, access and quota") {
  CHECK(left({"files /srv/a:/a:rw"}, {"files /srv:ro"}) == "files /srv/a:/a:ro\n");
  CHECK(left({"files /srv/a:/a:rw"}, {"files /srv:ro", "files /srv/a:rw"}) == "files /srv/a:/a:rw\n");
  CHECK(left({"files /srv/a:/a:rw"}, {"files /srv:rw:quota=1GiB"}) == "files /srv/a:/a:rw:quota=1GiB\n");
  CHECK(left({"files /srv/a:/a:rw:quota=1MiB"}, {"files /srv:rw:quota=1GiB"}) ==
        "files /srv/a:/a:rw:quota=1MiB\n");
  CHECK(left({"files /srv/a:/a:rw:quota=1MiB"}, {"files /srv:rw:files=9"}) ==
        "files /srv/a:/a:rw:quota=1MiB:files=9\n");
  CHECK(left({"files /srv/a:/a:rw:quota=1MiB"}, {"files /srv"}) == "files /srv/a:/a:ro\n");
  CHECK(left({"files /srv:/a"}, {"files /srv/a"}).empty());
  CHECK(left({"files /srvx:/a"}, {"files /srv"}).empty());
  CHECK(left({"files /srv/../etc:/a"}, {"files /srv"}).empty());
  CHECK(left({"files /srv/a:/b"}, {"files /srv:/"}).empty());
  CHECK(left({"files @a:/b:rw"}, {"files /:rw"}).empty());
  CHECK(left({"files /srv/a"}, {"files @*:rw"}).empty());
  CHECK(left({"files @a:/b:rw"}, {"files @a"}) == "files @a:/b:ro\n");
  CHECK(left({"files @a:/b:rw"}, {"files @*:rw:quota=1MiB"}) == "files @a:/b:rw:quota=1MiB\n");
  CHECK(left({"files @a:/b:rw"}, {"files @*:rw:quota=1GiB"}) == "files @a:/b:rw:quota=64MiB\n");
  CHECK(left({"files @a:/b:rw"}, {"files @a:/c:rw"}).empty());
  CHECK(left({"files /srv/a:/a"}, {"files /srv:/"}) == "files /srv/a:/a:ro\n");
}

TEST_CASE("network grants keep what both allow") {
  CHECK(left({"http.out https://*/*"}, {"http.out GET https://*.a.com/v1/*"}) ==
        "http.out GET https://*.a.com:443/v1/*\n");
  CHECK(left({"http.out https://*.com/*"}, {"http.out https://a.com/", "http.out https://b.com/"}) ==
        "http.out https://a.com:443/\nhttp.out https://b.com:443/\n");
  CHECK(left({"http.out https://a.com:1-100/*"}, {"http.out https://a.com:50-200/*"}) ==
        "http.out https://a.com:50-100/*\n");
  CHECK(left({"http.out http://a.com/*"}, {"http.out https://a.com/*"}).empty());
  CHECK(left({"http.out GET http://a.com/*"}, {"http.out POST http://a.com/*"}).empty());
  CHECK(left({"socket.out tcp://*:80"}, {"socket.out tcp://10.0.0.0/8:*"}).empty());
  CHECK(left({"socket.out tcp://10.1.0.0/16:80"}, {"socket.out tcp://10.0.0.0/8:*"}) ==
        "socket.out tcp://10.1.0.0/16:80\n");
  CHECK(left({"socket.in tcp://*:80"}, {"socket.in tcp://127.0.0.0/8:*"}) ==
        "socket.in tcp://127.0.0.0/8:80\n");
  CHECK(left({"dns *"}, {"dns *.com"}) == "dns *.com\n");
}

TEST_CASE("grants by name and by rule keep what both allow") {
  CHECK(left({"env A=b", "env C"}, {"env A"}) == "env A=b\n");
  CHECK(left({"env A=b", "env C"}, {"env *"}) == "env A=b\nenv C\n");
  CHECK(left({"env A"}, {"env A=b"}) == "env A=b\n");
  CHECK(left({"env A=c"}, {"env A=b"}).empty());
  CHECK(left({"stdio in,out"}, {"stdio out,err"}) == "stdio out\n");
  CHECK(left({"activity info,error"}, {"activity error,job-completed"}) == "activity error\n");
  CHECK(left({"keyvalue *"}, {"keyvalue app-*:ro"}) == "keyvalue app-*:ro\n");
  CHECK(left({"messaging publish a.*"}, {"messaging publish *.b"}) == "messaging publish a.b\n");
  CHECK(left({"messaging publish a.> | subscribe b"}, {"messaging publish >"}) == "messaging publish a.>\n");
  CHECK(left({"p2p dial /a/* | listen /b"}, {"p2p dial /a/1 | dial /b"}) == "p2p dial /a/1\n");
}

TEST_CASE("a grant whose parts are allowed by several rules stays whole") {
  CHECK(meet({"stdio in,out"}, {"stdio in", "stdio out,err"}).cuts.empty());
  CHECK(meet({"activity info,error"}, {"activity error", "activity info"}).cuts.empty());
  CHECK(meet({"http.out GET,POST https://a.b/*"}, {"http.out GET https://a.b/*", "http.out POST https://*/*"})
            .cuts.empty());
  CHECK(meet({"messaging publish a | subscribe b"}, {"messaging subscribe >", "messaging publish a"})
            .cuts.empty());
}

TEST_CASE("a cut says what was asked where, what is left, and by which rule") {
  Effective effective = meet({"files /srv/a:/a:rw", "dns *.com"}, {"files /srv"});
  REQUIRE(effective.cuts.size() == 2);
  CHECK(explain(effective.cuts[0]) ==
        "narrowed: 'files /srv/a:/a:rw' (command line) to 'files /srv/a:/a:ro': the owner allows 'files "
        "/srv:*:ro' "
        "(host.toml:1)");
  CHECK(explain(effective.cuts[1]) ==
        "dropped: 'dns *.com' (command line): no rule of the owner's allows it (host.toml)");
  CHECK(effective.policy.grants[0].source == "command line");
}

TEST_CASE("a rule for any folder holds what the guest sees at one path, wherever it lies") {
  CHECK(left({"files /home/ada/x:/data:rw"}, {"files *:/data:rw"}) == "files /home/ada/x:/data:rw\n");
  CHECK(left({"files /srv:/data/sub:rw"}, {"files *:/data:ro"}) == "files /srv:/data/sub:ro\n");
  CHECK(left({"files /srv:/other"}, {"files *:/data"}).empty());
  CHECK(left({"files /srv:/"}, {"files *:/data"}).empty());
  CHECK(left({"files /srv:/other"}, {"files *"}) == "files /srv:/other:ro\n");
  CHECK(left({"files @notes:/data"}, {"files *:/data"}).empty());
  CHECK_FALSE(parse_grant("files *:/data", "").has_value());
}

TEST_CASE("bounds apply in turn: the narrowest rule survives, whoever has it") {
  const Policy asked{
      .grants = grants({"http.out https://*.example.com/*", "dns a.b", "env A=1"}, Role::kAsker),
      .limits = {.memory_bytes = 10}};
  const std::vector<Bounds> claims{
      {.grants = grants({"http.out https://api.example.com/*", "dns a.b"}, Role::kOwner),
       .limits = {.memory_bytes = 7},
       .source = "account 'shop' (AB)",
       .party = Party::kClaims}};
  const Bounds owner{.grants = grants({"http.out https://*/v1/*"}, Role::kOwner),
                     .limits = {.memory_bytes = 5},
                     .source = "host.toml"};
  const Effective effective = intersect(asked, claims, owner);
  REQUIRE(effective.policy.grants.size() == 1);
  CHECK(to_text(effective.policy.grants[0]) == "http.out https://api.example.com:443/v1/*");
  CHECK(effective.policy.limits.memory_bytes == 5);
  REQUIRE(effective.cuts.size() == 4);
  CHECK(explain(effective.cuts[1]) ==
        "dropped: 'env A=1' (command line): the claims of account 'shop' (AB) don't vouch for it");
  CHECK(explain(effective.cuts[3]) ==
        "dropped: 'dns a.b' (command line): no rule of the owner's allows it (host.toml)");
  REQUIRE(effective.lowered.size() == 2);
  CHECK(explain(effective.lowered[0]) ==
        "lowered: limit 'memory' from 10B to 7B: the claims of account 'shop' (AB) vouch for no more");
}

TEST_CASE("limits are the smaller of both") {
  Effective effective = intersect(Policy{.limits = {.memory_bytes = 10, .queue = 3}},
                                  Bounds{.limits = {.memory_bytes = 5, .instances = 2}});
  CHECK(effective.policy.limits == Limits{.memory_bytes = 5, .instances = 2, .queue = 3});
}

TEST_CASE("what remains is never wider than what was asked, nor than what the owner allows") {
  RandomGrants random(2);
  size_t remaining = 0;
  for (int i = 0; i < 10'000; ++i) {
    Policy asked;
    Bounds owner{.grants = std::vector<Grant>()};
    asked.grants.push_back(parse_grant(random.text(Role::kAsker), "asker").value());
    for (int rules = 0; rules < 12; ++rules) {
      owner.grants->push_back(parse_grant(random.text(Role::kOwner), "owner", Role::kOwner).value());
    }
    Effective effective = intersect(asked, owner);
    for (const Grant& grant : effective.policy.grants) {
      CAPTURE(to_text(asked.grants[0]));
      CAPTURE(to_text(grant));
      CHECK(contains(asked.grants[0], grant));
      CHECK(opens(*owner.grants, grant));
      CHECK(parse_grant(to_text(grant), "asker") == grant);
      ++remaining;
    }
    CHECK(intersect(effective.policy, owner).policy.grants == effective.policy.grants);
  }
  CHECK(remaining > 3'000);
}
