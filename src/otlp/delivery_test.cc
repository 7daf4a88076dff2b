// SPDX-License-Identifier: Apache-2.0
#include "otlp/delivery.h"

#include <doctest/doctest.h>

#include <array>
#include <deque>
#include <thread>
#include <vector>

using namespace berth;
using namespace berth::otlp;
using namespace std::chrono_literals;

namespace {

/// A collector that answers with what it was given, and then with 200.
struct Collector {
  std::deque<Result<engine::PostAnswer>> answers;
  std::vector<std::string> said;
  int tries = 0;

  Delivery delivery(std::chrono::milliseconds patience = 10s) {
    const DeliverySettings settings{.signal = "traces",
                                    .url = "http://c/",
                                    .patience = patience,
                                    .first_pause = 1ms,
                                    .longest_pause = 2ms};
    const Send send = [this](std::string_view, std::chrono::nanoseconds) -> Result<engine::PostAnswer> {
      ++tries;
      if (answers.empty()) return engine::PostAnswer{.status = 200};
      auto answer = answers.front();
      answers.pop_front();
      return answer;
    };
    return Delivery(settings, send, [this](std::string line) { said.push_back(std::move(line)); });
  }
};

Result<engine::PostAnswer> status(uint16_t number, std::chrono::nanoseconds retry_after = 0ns) {
  return engine::PostAnswer{.status = number, .retry_after = retry_after};
}

}  // namespace

TEST_CASE("what may come later is tried again, and its trouble is said once") {
  Collector collector{.answers = {status(503), status(429), status(502), status(504, 1ms),
                                  fail(ErrorCode::kUnavailable, "connection refused")}};
  Delivery delivery = collector.delivery();
  delivery.bring("request", 7);
  CHECK(collector.tries == 6);
  CHECK(delivery.lost() == 0);
  REQUIRE(collector.said.size() == 2);
  CHECK(collector.said[0].find("the collector answers 503") != std::string::npos);
  CHECK(collector.said[1].find("reach http://c/ again; 0 are left out") != std::string::npos);
}

TEST_CASE("what is refused for good isn't tried again") {
  for (const uint16_t number : std::to_array<uint16_t>({300, 400, 401, 404, 500})) {
    CAPTURE(number);
    Collector collector{.answers = {status(number)}};
    Delivery delivery = collector.delivery();
    delivery.bring("request", 7);
    CHECK(collector.tries == 1);
    CHECK(delivery.lost() == 7);
  }
}

TEST_CASE("patience ends, and a pause that is longer ends it at once") {
  Collector slow{.answers = {status(503, 1h)}};
  Delivery delivery = slow.delivery();
  delivery.bring("request", 3);
  CHECK(slow.tries == 1);
  CHECK(delivery.lost() == 3);
  Collector dead{.answers = std::deque(1000, status(503))};
  Delivery short_one = dead.delivery(50ms);
  short_one.bring("request", 3);
  CHECK(dead.tries > 2);
  CHECK(dead.tries < 200);
  CHECK(short_one.lost() == 3);
  CHECK(dead.said.size() == 1);
}

TEST_CASE("records that a collector throws away are counted") {
  std::string body{0x0a, 0x02, 0x08, 0x02};
  Collector collector{.answers = {engine::PostAnswer{.status = 200, .body = body}}};
  Delivery delivery = collector.delivery();
  delivery.bring("request", 5);
  CHECK(delivery.lost() == 2);
}

TEST_CASE("who ends waits no longer than it says") {
  Collector collector{.answers = std::deque(1000, status(503, 5s))};
  Delivery delivery = collector.delivery(1h);
  const auto begin = std::chrono::steady_clock::now();
  std::thread ending([&] { delivery.end_within(20ms); });
  delivery.bring("request", 1);
  ending.join();
  delivery.bring("request", 1);
  CHECK(std::chrono::steady_clock::now() - begin < 4s);
  CHECK(delivery.lost() == 2);
  CHECK(collector.tries < 5);
}
