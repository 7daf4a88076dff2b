// SPDX-License-Identifier: Apache-2.0
// Calls by the dozen, ended from all sides at once: for the thread sanitizer, on the stand-in engine.

#include <doctest/doctest.h>
#include <stdlib.h>

#include <atomic>
#include <deque>
#include <filesystem>
#include <future>
#include <thread>

#include "base/digest.h"
#include "base/loop.h"
#include "engine/engine.h"
#include "engine/hashes.h"
#include "engine/image_cache.h"
#include "host/command.h"
#include "host/denials.h"

namespace berth {
namespace {

using namespace std::chrono_literals;
using engine::Outcome;
using Ending = engine::Outcome::Ending;

constexpr size_t kCalls = 50;

/// An engine of two lanes and what many calls on it share.
class Harbour {
 public:
  explicit Harbour(std::string_view program, engine::EngineKind kind = {})
      : engine_(engine::Engine::create(2).value()), module_(engine_->compile(kind, program).value()) {
    guest.budget = &budget;
    guest.keeper = &denials;
    guest.wall = 60s;  // no test waits longer
  }

  /// Starts a call, whose outcome `outcomes` will get.
  std::unique_ptr<engine::Call> start() {
    std::promise<Outcome>* ended = nullptr;
    {
      const std::lock_guard guard(lock_);
      ended = &ended_.emplace_back();
    }
    return engine_->start(*module_, guest, [ended](Outcome outcome) { ended->set_value(std::move(outcome)); })
        .value();
  }

  std::vector<std::unique_ptr<engine::Call>> start_many() {
    std::vector<std::unique_ptr<engine::Call>> calls;
    for (size_t i = 0; i < kCalls; ++i) calls.push_back(start());
    return calls;
  }

  std::vector<Outcome> outcomes() {
    std::vector<Outcome> all;
    for (auto& ended : ended_) all.push_back(ended.get_future().get());
    return all;
  }

  size_t count(Ending ending) {
    size_t n = 0;
    for (const Outcome& outcome : outcomes()) n += outcome.ending == ending ? 1 : 0;
    return n;
  }

  void free_engine() {
    engine_.reset();
  }

  engine::Budget budget{1 << 20};
  const policy::Policy policy;
  host::Denials denials{policy};
  engine::Guest guest;

 private:
  std::mutex lock_;
  std::deque<std::promise<Outcome>> ended_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<engine::Module> module_;
};

}  // namespace

TEST_CASE("each call ends once, with its own status") {
  Harbour harbour("work 100; exit 3");
  const auto calls = harbour.start_many();
  for (const Outcome& outcome : harbour.outcomes()) CHECK(outcome.exit_status == 3);
}

TEST_CASE("calls that are dropped at once go on to their ends") {
  Harbour harbour("work 100; trap");
  harbour.start_many().clear();
  CHECK(harbour.count(Ending::kTrapped) == kCalls);
}

TEST_CASE("calls are started from several threads at once") {
  Harbour harbour("work 50");
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&harbour] { std::ignore = harbour.start_many(); });
    }
  }
  CHECK(harbour.count(Ending::kExited) == 4 * kCalls);
}

TEST_CASE("calls are cancelled while they run, each by two threads") {
  Harbour harbour("spin");
  const auto calls = harbour.start_many();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&calls] {
        for (const auto& call : calls) call->cancel();
      });
    }
  }
  CHECK(harbour.count(Ending::kCancelled) == kCalls);
}

TEST_CASE("an engine that goes cancels what runs and waits for it") {
  Harbour harbour("grow 1000; nap");
  const auto calls = harbour.start_many();
  harbour.free_engine();
  CHECK(harbour.count(Ending::kCancelled) == kCalls);
  CHECK(harbour.budget.used_bytes() == 0);
}

TEST_CASE("calls that share a budget never have more than it holds") {
  Harbour harbour("grow 100000; work 2000");
  const auto calls = harbour.start_many();
  const size_t limited = harbour.count(Ending::kLimited);
  CHECK(limited < kCalls);
  CHECK(harbour.budget.used_bytes() == 0);
  CHECK(harbour.budget.peak_bytes() <= harbour.budget.limit_bytes());
}

TEST_CASE("each limit of time ends a call with its own name") {
  Harbour harbour("spin", {.fuel = true});
  std::vector<std::unique_ptr<engine::Call>> calls;
  harbour.guest.cpu_time = 1ms;
  calls.push_back(harbour.start());
  harbour.guest.cpu_time.reset();
  harbour.guest.fuel = 5000;
  calls.push_back(harbour.start());
  harbour.guest.fuel.reset();
  harbour.guest.wall = 1ms;
  calls.push_back(harbour.start());
  const auto outcomes = harbour.outcomes();
  CHECK(outcomes[0].limit == engine::Limit::kCpuTime);
  CHECK(outcomes[0].cpu_used >= 1ms);
  CHECK(outcomes[1].limit == engine::Limit::kFuel);
  CHECK(outcomes[1].fuel_used == 5000);
  CHECK(outcomes[2].limit == engine::Limit::kWall);
}

TEST_CASE("knocks that come on several threads are all kept") {
  Harbour harbour("browse 20; knock /etc/passwd");
  const auto calls = harbour.start_many();
  CHECK(harbour.count(Ending::kExited) == kCalls);
  const auto denials = harbour.denials.collect();
  CHECK(denials.size() == 21);
  for (const host::Denial& denial : denials) CHECK(denial.count == kCalls);
}

TEST_CASE("runs follow each other, each with a loop of its own, on one engine") {
  const auto engine = engine::Engine::create(2).value();
  const auto module = engine->compile({}, "work 100; exit 4").value();
  for (int i = 0; i < 50; ++i) {
    const auto loop = Loop::create().value();
    const auto report = host::run_command(*engine, *module, {.policy = {}, .args = {"guest"}}, *loop);
    REQUIRE(report.has_value());
    CHECK(report->outcome.exit_status == 4);
  }
}

TEST_CASE("a guest that can't be stopped keeps what it was lent while its run is reported") {
  const auto engine = engine::Engine::create(2).value();
  const auto module = engine->compile({.alone = true}, "browse 20; grow 1; again").value();
  const auto loop = Loop::create().value();
  policy::Policy policy;
  policy.limits.wall = 5ms;
  const auto report = host::run_command(*engine, *module, {.policy = policy, .args = {"guest"}}, *loop);
  REQUIRE(report.has_value());
  CHECK(report->outcome.still_running);
  CHECK(report->outcome.limit == engine::Limit::kWall);
  CHECK(report->denials.size() == 20);
}

TEST_CASE("threads keep images in one cache, find them and clear it, all at once") {
  const auto engine = engine::Engine::create(2).value();
  std::string folder = (std::filesystem::temp_directory_path() / "berth-standin-XXXXXX").string();
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  const auto cache = engine::ImageCache::open(folder + "/compiled", 1 << 20).value();
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 20; ++i) {
          const std::string program = "exit " + std::to_string(i % 5);
          const auto image = engine::compile({}, program).value();
          CHECK(cache->keep(*engine, {}, program, sha256(program), image).has_value());
          if (const auto found = cache->find(*engine, {}, engine::content_hash(program))) {
            CHECK(found->digest == sha256(program));
          }
          if (t == 0) cache->clear();
        }
      });
    }
  }
  std::filesystem::remove_all(folder);
}

}  // namespace berth
