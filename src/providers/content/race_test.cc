// SPDX-License-Identifier: Apache-2.0
#include "providers/content/race.h"

#include <doctest/doctest.h>

#include "providers/content/download.h"

namespace berth::content {

TEST_CASE("who is stopped before its line is made holds none, and lets go of one when it ends") {
  const auto gateway = Gateway::create("http://127.0.0.1:9", {}).value();
  Runner stopped(*gateway);
  stopped.stop();
  {
    const auto line = gateway->line().value();
    CHECK(stopped.use(*line).error().code == ErrorCode::kCancelled);
  }
  stopped.stop();
  Runner ended(*gateway);
  {
    const auto line = gateway->line().value();
    const auto use = ended.use(*line);
    REQUIRE(use.has_value());
  }
  ended.stop();
}

TEST_CASE("there are so many places, and who is stopped waits for none") {
  Places places(1);
  std::stop_source stop;
  auto first = places.take(stop.get_token());
  REQUIRE(first.has_value());
  std::jthread leaving([&] { first->reset(); });
  const auto second = places.take(stop.get_token());
  CHECK(second.has_value());
  stop.request_stop();
  CHECK(places.take(stop.get_token()).error().code == ErrorCode::kCancelled);
}

}  // namespace berth::content
