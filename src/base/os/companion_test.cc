// SPDX-License-Identifier: Apache-2.0
#include "base/os/companion.h"

#include <doctest/doctest.h>

namespace berth {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a companion answers until nobody is at the other end") {
  const auto channel = start_companion(-1, [](const Channel& told) {
    while (const auto message = told.receive()) {
      if (*message == "go" || !told.send(*message + "!")) return;
    }
  });
  REQUIRE(channel.has_value());
  for (const std::string& said : {std::string("one"), std::string(), std::string(1 << 20, 'x')}) {
    REQUIRE(channel->send(said));
    CHECK(channel->receive() == said + "!");
  }
  CHECK_FALSE(channel->wait(1ms));
  REQUIRE(channel->send("go"));
  CHECK(channel->wait(10s));
  CHECK_FALSE(channel->receive().has_value());
}

}  // namespace
}  // namespace berth
