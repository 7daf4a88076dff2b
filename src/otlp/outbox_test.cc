// SPDX-License-Identifier: Apache-2.0
#include "otlp/outbox.h"

#include <doctest/doctest.h>

#include <atomic>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <vector>

#include "otlp/reporter.h"

using namespace berth;
using namespace berth::otlp;
using namespace std::chrono_literals;

namespace {

/// What has arrived, in the order of coming; before that a gate may hold all back.
struct Collector {
  std::mutex lock;
  std::condition_variable changed;
  bool open = true;
  std::vector<std::string> requests;

  Delivery delivery{{.signal = "logs", .url = "http://c/", .first_pause = 1ms},
                    [this](std::string_view body, std::chrono::nanoseconds) -> Result<engine::PostAnswer> {
                      std::unique_lock guard(lock);
                      changed.wait_for(guard, 20s, [this] { return open; });
                      requests.emplace_back(body);
                      changed.notify_all();
                      return engine::PostAnswer{.status = 200};
                    },
                    [](const std::string&) {}};

  void let_through() {
    const std::lock_guard guard(lock);
    open = true;
    changed.notify_all();
  }
  bool has(size_t count) {
    std::unique_lock guard(lock);
    return changed.wait_for(guard, 20s, [&] { return requests.size() >= count; });
  }
};

const Envelope kEnvelope({}, "test", "1");

std::string record(const std::string& name) {
  return record_of(LogRecord{.event = "e", .body = name});
}

size_t records_in(std::string_view request) {
  protozero::pbf_reader whole(request.data(), request.size());
  whole.next(1);
  protozero::pbf_reader resource = whole.get_message();
  resource.next(2);
  protozero::pbf_reader scope = resource.get_message();
  size_t count = 0;
  while (scope.next(2)) {
    ++count;
    scope.skip();
  }
  return count;
}

}  // namespace

TEST_CASE("records are sent together, and what waits at the end is sent, too") {
  Collector collector;
  {
    Outbox outbox(kEnvelope, collector.delivery, {.most_waiting = 100, .batch = 4, .delay = 1h});
    for (int i = 0; i < 4; ++i) outbox.add(record("one"));
    REQUIRE(collector.has(1));
    CHECK(records_in(collector.requests[0]) == 4);
    for (int i = 0; i < 3; ++i) outbox.add(record("two"));
  }
  REQUIRE(collector.requests.size() == 2);
  CHECK(records_in(collector.requests[1]) == 3);
  CHECK(collector.requests[1].find("two") != std::string::npos);
  CHECK(collector.delivery.lost() == 0);
}

TEST_CASE("few records don't wait for more than the delay") {
  Collector collector;
  Outbox outbox(kEnvelope, collector.delivery, {.delay = 1ms});
  outbox.add(record("one"));
  CHECK(collector.has(1));
}

TEST_CASE("what a collector doesn't take in time is left out and counted, and nobody waits") {
  Collector collector;
  collector.open = false;
  {
    Outbox outbox(kEnvelope, collector.delivery, {.most_waiting = 10, .batch = 1, .delay = 1ms});
    for (int i = 0; i < 100; ++i) outbox.add(record("one"));
    const uint64_t lost = collector.delivery.lost();
    CHECK(lost >= 89);  // one may be under way
    CHECK(lost <= 90);
    const std::string large(Outbox::kMostBytes, 'x');
    outbox.add(record(large));
    CHECK(collector.delivery.lost() == lost + 1);
    collector.let_through();
  }
  CHECK(collector.requests.size() + collector.delivery.lost() == 101);
}

TEST_CASE("what is counted is told at intervals, and once more at the end") {
  Collector collector;
  std::atomic<int> told = 0;
  {
    Reporter reporter(kEnvelope, collector.delivery, 1ms, [&] {
      ++told;
      return record("metrics");
    });
    CHECK(collector.has(2));
  }
  CHECK(told == static_cast<int>(collector.requests.size()));
  Collector once;
  {
    const Reporter reporter(kEnvelope, once.delivery, 1h, [] { return record("metrics"); });
  }
  CHECK(once.requests.size() == 1);
}
