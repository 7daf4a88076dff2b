// SPDX-License-Identifier: Apache-2.0
#include "host/admission.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

using namespace berth::host;

namespace {

/// Somebody at the queue's end, who notes in `called` when it is their turn.
std::shared_ptr<Admission::Ticket> wait(Admission& admission, int who, std::vector<int>& called) {
  auto ticket = admission.queue();
  if (ticket) ticket->on_turn([who, &called] { called.push_back(who); });
  return ticket;
}

}  // namespace

TEST_CASE("as many are let in as there are places") {
  Admission admission(2, 0);
  CHECK(admission.enter());
  CHECK(admission.enter());
  CHECK_FALSE(admission.enter());
  CHECK(admission.queue() == nullptr);
  admission.leave();
  CHECK(admission.enter());
}

TEST_CASE("who waits gets a place in the order of coming, before anybody new") {
  Admission admission(1, 2);
  std::vector<int> called;
  REQUIRE(admission.enter());
  const auto first = wait(admission, 1, called);
  const auto second = wait(admission, 2, called);
  CHECK(wait(admission, 3, called) == nullptr);
  CHECK(called.empty());
  CHECK(admission.waiting() == 2);
  admission.leave();
  CHECK(called == std::vector{1});
  CHECK_FALSE(admission.enter());
  admission.leave();
  CHECK(called == std::vector{1, 2});
  CHECK(admission.inside() == 1);
  CHECK(admission.waiting() == 0);
}

TEST_CASE("who goes away leaves the queue, or the place that was got") {
  Admission admission(1, 2);
  std::vector<int> called;
  REQUIRE(admission.enter());
  const auto first = wait(admission, 1, called);
  const auto second = wait(admission, 2, called);
  admission.leave(*first);
  CHECK(admission.waiting() == 1);
  admission.leave();
  CHECK(called == std::vector{2});
  admission.leave(*second);
  CHECK(admission.inside() == 0);
}

TEST_CASE("a turn that comes before anybody asks for it is not lost") {
  Admission admission(1, 1);
  REQUIRE(admission.enter());
  const auto ticket = admission.queue();
  admission.leave();
  bool called = false;
  ticket->on_turn([&] { called = true; });
  CHECK(called);
}

TEST_CASE("of many threads each that waits gets its turn") {
  constexpr int kThreads = 4;
  constexpr int kTimes = 5'000;
  Admission admission(2, kThreads);
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::atomic<int> served = 0;
  const auto work = [&] {
    for (int i = 0; i < kTimes; ++i) {
      if (!admission.enter()) {
        const auto ticket = admission.queue();
        std::atomic<bool> turn = false;
        ticket->on_turn([&] {
          turn = true;
          turn.notify_one();
        });
        turn.wait(false);
      }
      const int now = ++inside;
      if (now > most) most = now;
      --inside;
      ++served;
      admission.leave();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back(work);
  }
  CHECK(served == kThreads * kTimes);
  CHECK(most <= 2);
  CHECK(admission.inside() == 0);
}
