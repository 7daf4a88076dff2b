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
