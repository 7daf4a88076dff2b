// SPDX-License-Identifier: Apache-2.0
#include "serve/trial.h"

#include <doctest/doctest.h>

namespace berth::serve {
namespace {

using Ending = engine::Outcome::Ending;

host::ServedRequest request(Ending ending, uint16_t status = 0) {
  host::ServedRequest made;
  made.served.outcome.ending = ending;
  made.served.status = status;
  return made;
}

TEST_CASE("a version holds once it has answered, whatever comes then") {
  Trial trial;
  CHECK(trial.hear(request(Ending::kLimited)) == Verdict::kNone);
  CHECK(trial.hear(request(Ending::kCancelled)) == Verdict::kNone);
  CHECK(trial.hear(request(Ending::kExited, 500)) == Verdict::kHolds);
  CHECK(trial.hear(request(Ending::kTrapped)) == Verdict::kNone);
}

TEST_CASE("a version that traps before it has answered fails, once") {
  for (const Ending ending : {Ending::kTrapped, Ending::kFailed}) {
    Trial trial;
    CHECK(trial.hear(request(Ending::kExited)) == Verdict::kNone);
    CHECK(trial.hear(request(ending)) == Verdict::kFails);
    CHECK(trial.hear(request(ending)) == Verdict::kNone);
    CHECK(trial.hear(request(Ending::kExited, 200)) == Verdict::kNone);
  }
}

}  // namespace
}  // namespace berth::serve
