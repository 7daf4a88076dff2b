// SPDX-License-Identifier: Apache-2.0
#include "base/loop.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <thread>
#include <vector>

namespace berth {

TEST_CASE("events run in the order in which they were posted") {
  const auto loop = Loop::create().value();
  std::vector<int> seen;
  for (int i = 0; i < 3; ++i) loop->post([&seen, i] { seen.push_back(i); });
  loop->post([&] { loop->stop(); });
  loop->run();
  CHECK(seen == std::vector{0, 1, 2});
}

TEST_CASE("events of many threads all arrive") {
  const auto loop = Loop::create().value();
  int seen = 0;
  constexpr int kEach = 1000;
  std::vector<std::jthread> posters;
  for (int thread = 0; thread < 4; ++thread) {
    posters.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        loop->post([&] {
          if (++seen == 4 * kEach) loop->stop();
        });
      }
    });
  }
  loop->run();
  CHECK(seen == 4 * kEach);
}

TEST_CASE("a signal that is watched is an event, and does what it did before once the loop is gone") {
  struct sigaction before = {};
  ::sigaction(SIGUSR1, nullptr, &before);
  {
    const auto loop = Loop::create().value();
    int seen = 0;
    loop->on_signals({SIGUSR1}, [&](int signal) {
      seen = signal;
      loop->stop();
    });
    loop->post([] { ::raise(SIGUSR1); });
    loop->run();
    CHECK(seen == SIGUSR1);
  }
  struct sigaction after = {};
  ::sigaction(SIGUSR1, nullptr, &after);
  const bool same = after.sa_handler == before.sa_handler;
  CHECK(same);
}

}  // namespace berth
