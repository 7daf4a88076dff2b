// SPDX-License-Identifier: Apache-2.0
#include "host/denials.h"

#include <doctest/doctest.h>

#include <thread>

namespace berth::host {
namespace {

using engine::Knock;

Knock look(std::string_view target) {
  return {.door = Knock::Door::kFiles,
          .cause = Knock::Cause::kNoGrant,
          .operation = "open-read",
          .target = target};
}

policy::Policy granted(std::string_view grant) {
  return {.grants = {policy::parse_grant(grant, "test").value()}, .limits = {}};
}

}  // namespace

TEST_CASE("a refusal names what was missing and the grant that would allow it") {
  const policy::Policy nothing;
  Denials denials(nothing);
  CHECK_FALSE(denials.ask(look("/etc/passwd")));
  const Denial denial = denials.collect().at(0);
  CHECK(denial.target == "/etc/passwd");
  CHECK(denial.suggestion == "files /etc:/etc:ro");
  CHECK_FALSE(denial.probe);
}

TEST_CASE("a folder that was looked at is what is suggested, not the folder that it is in") {
  const policy::Policy nothing;
  Denials denials(nothing);
  denials.ask(look("/etc"));
  CHECK(denials.collect().at(0).suggestion == "files /etc:/etc:ro");
}

TEST_CASE("the same refusal again only counts") {
  const policy::Policy nothing;
  Denials denials(nothing);
  for (int i = 0; i < 3; ++i) denials.ask(look("/etc/passwd"));
  REQUIRE(denials.collect().size() == 1);
  CHECK(denials.collect()[0].count == 3);
}

TEST_CASE("refusals keep the order of their first time") {
  const policy::Policy nothing;
  Denials denials(nothing);
  denials.ask(look("/etc/shadow"));
  denials.ask(look("/etc/passwd"));
  denials.ask(look("/etc/shadow"));
  CHECK(denials.collect()[0].target == "/etc/shadow");
}

TEST_CASE("a look for what isn't on this machine either is a probe, a write never is") {
  const policy::Policy nothing;
  Denials denials(nothing);
  denials.ask(look("/nonexistent/tsconfig.json"));
  denials.ask({.door = Knock::Door::kFiles,
               .cause = Knock::Cause::kNoGrant,
               .operation = "open-write",
               .target = "/nonexistent/file"});
  CHECK(denials.collect()[0].probe);
  CHECK_FALSE(denials.collect()[1].probe);
}

TEST_CASE("a look at a parent of a granted folder is a probe") {
  const policy::Policy policy = granted("files /tmp:/usr/lib/site");
  Denials denials(policy);
  denials.ask(look("/usr/lib"));
  denials.ask(look("/usr/bin"));
  CHECK(denials.collect()[0].probe);
  CHECK_FALSE(denials.collect()[1].probe);
}

TEST_CASE("a guest that asks for ever different things fills no memory") {
  const policy::Policy nothing;
  Denials denials(nothing);
  for (size_t i = 0; i < Denials::kMostEntries + 50; ++i)
    denials.ask(look("/" + std::string(2000, 'a') + std::to_string(i)));
  // Texts are cut, so the long ones are all one.
  CHECK(denials.collect().size() == 1);
  for (size_t i = 0; i < Denials::kMostEntries + 50; ++i) denials.ask(look("/" + std::to_string(i)));
  CHECK(denials.collect().size() == Denials::kMostEntries);
  CHECK(denials.unlisted() == 51);
}

Knock request(std::string_view url, std::string_view resolved_to = "") {
  return {.door = Knock::Door::kHttpOut,
          .cause = Knock::Cause::kAsk,
          .operation = "request",
          .target = url,
          .method = "GET",
          .resolved_to = resolved_to};
}

TEST_CASE("what the policy opens is open, and no entry") {
  const policy::Policy policy = granted("http.out https://example.com/*");
  Denials denials(policy);
  CHECK(denials.ask(request("https://example.com/a")));
  CHECK(denials.collect().empty());
}

TEST_CASE("a name that leads to this machine is refused with the line for that address") {
  const policy::Policy policy = granted("http.out http://example.com/*");
  Denials denials(policy);
  CHECK(denials.ask(request("http://example.com/a", "192.31.196.1")));
  CHECK_FALSE(denials.ask(request("http://example.com/a", "127.0.0.1")));
  CHECK(denials.collect().at(0).suggestion == "http.out http://127.0.0.1:80/*");
}

TEST_CASE("what may be secret in a URL is neither kept nor told apart, and its refusal keeps its words") {
  const policy::Policy policy = granted("http.out https://example.com/*");
  Denials denials(policy);
  CHECK_FALSE(denials.ask(request("https://user:secret@example.com/?a")));
  CHECK_FALSE(denials.ask(request("https://other:secret@example.com/?b")));
  const std::vector<Denial> denied = denials.collect();
  REQUIRE(denied.size() == 1);
  CHECK(denied[0].target == "https://example.com/");
  CHECK(denied[0].count == 2);
  CHECK(denied[0].line.contains("has a user before its host"));
}

TEST_CASE("a quiet question that is refused leaves no entry") {
  const policy::Policy nothing;
  Denials denials(nothing);
  Knock knock = request("https://example.com/");
  knock.quiet = true;
  CHECK_FALSE(denials.ask(knock));
  CHECK(denials.collect().empty());
}

TEST_CASE("knocks of several threads are all counted") {
  const policy::Policy nothing;
  Denials denials(nothing);
  {
    std::vector<std::jthread> guests;
    for (int i = 0; i < 4; ++i) {
      guests.emplace_back([&] {
        for (int n = 0; n < 1000; ++n) denials.ask(look("/etc/passwd"));
      });
    }
  }
  CHECK(denials.collect().at(0).count == 4000);
}

}  // namespace berth::host
