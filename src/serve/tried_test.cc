// SPDX-License-Identifier: Apache-2.0
#include "serve/tried.h"

#include <doctest/doctest.h>

namespace berth::serve {
namespace {

using Ending = engine::Outcome::Ending;

engine::Tried tried(Ending ending, uint16_t status = 0) {
  engine::Tried made{.outcome = {}, .status = status};
  made.outcome.ending = ending;
  made.outcome.reason = "why";
  made.outcome.limit = engine::Limit::kMemory;
  return made;
}

std::string said(const engine::Tried& tried, const engine::Probe* probe = nullptr) {
  return wrong_with(tried, probe).value_or(Error{}).message;
}

const engine::Probe kProbe{.host = "localhost", .path = "/ready"};

TEST_CASE("a module whose instance is made is served") {
  CHECK(said(tried(Ending::kExited)).empty());
  CHECK(said(tried(Ending::kTrapped)) == "an instance of it can't be made: trap: why");
  CHECK(said(tried(Ending::kLimited)) == "an instance of it can't be made: limit: memory");
  CHECK(said(tried(Ending::kFailed)) == "an instance of it can't be made: why");
  CHECK(said({.outcome = tried(Ending::kLimited).outcome, .late = true}) ==
        "an instance of it isn't made within 10 s");
  CHECK(wrong_with(tried(Ending::kTrapped), nullptr)->code == ErrorCode::kTrap);
}

TEST_CASE("a module that is asked answers below 500, to its answer's end") {
  for (const uint16_t status : std::initializer_list<uint16_t>{200, 301, 404, 499})
    CHECK(said(tried(Ending::kExited, status), &kProbe).empty());
  CHECK(said(tried(Ending::kExited, 503), &kProbe) == "GET /ready is answered with 503");
  CHECK(said(tried(Ending::kTrapped, 502), &kProbe) == "GET /ready is answered with 502: trap: why");
  CHECK(said(tried(Ending::kExited), &kProbe) == "GET /ready isn't answered to its end");
  CHECK(said({.outcome = {}, .status = 0, .late = true}, &kProbe) == "GET /ready isn't answered within 10 s");
}

}  // namespace
}  // namespace berth::serve
