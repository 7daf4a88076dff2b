// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <thread>

#include "engine/engine.h"

namespace berth::engine {
namespace {

using namespace std::chrono_literals;
using Ending = Outcome::Ending;

class Keeper final : public DoorKeeper {
 public:
  bool ask(const Knock& knock) noexcept override {
    const std::lock_guard guard(lock_);
    knocks_.push_back(std::string(knock.operation) + " " + std::string(knock.target));
    return false;
  }
  std::vector<std::string> knocks() const {
    return knocks_;
  }

 private:
  std::mutex lock_;
  std::vector<std::string> knocks_;
};

/// A guest in WebAssembly text, run to its end on an engine of its own.
class Run {
 public:
  explicit Run(std::string_view text, uint64_t memory_bytes = 64 << 20)
      : engine_(Engine::create(1).value()),
        module_(engine_->compile({}, text).value()),
        budget_(memory_bytes) {
    guest.args = {"guest"};
    guest.handles = 128;
    guest.host_buffer_bytes = 1 << 20;
    guest.wall = 30s;  // no test waits longer
    guest.budget = &budget_;
    guest.keeper = &keeper_;
  }

  Outcome end() {
    start();
    return wait();
  }

  void start() {
    call_ = engine_->start(*module_, guest, [this](Outcome outcome) { ended_.set_value(std::move(outcome)); })
                .value();
  }

  Outcome wait() {
    return ended_.get_future().get();
  }
  void cancel() {
    call_->cancel();
  }
  void free_engine() {
    engine_.reset();
  }
  const Budget& budget() const {
    return budget_;
  }
  std::vector<std::string> knocks() const {
    return keeper_.knocks();
  }

  Guest guest;

 private:
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Module> module_;
  Budget budget_;
  Keeper keeper_;
  std::unique_ptr<Call> call_;
  std::promise<Outcome> ended_;
};

std::string command(std::string_view body, std::string_view declarations = "") {
  return "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))" +
         std::string(declarations) + "(memory (export \"memory\") 1) (func (export \"_start\") " +
         std::string(body) + "))";
}

constexpr std::string_view kSpin = "(loop (br 0))";

constexpr std::string_view kPathOpen =
    "(import \"wasi_snapshot_preview1\" \"path_open\" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 "
    "i32) "
    "(result i32)))"
    "(data (i32.const 100) \"etc/passwd\")";

}  // namespace

TEST_CASE("a command that returns has exited with 0") {
  const Outcome outcome = Run(command("")).end();
  CHECK(outcome.ending == Ending::kExited);
  CHECK(outcome.exit_status == 0);
}

TEST_CASE("a command's own exit status comes through") {
  CHECK(Run(command("(call $exit (i32.const 7))")).end().exit_status == 7);
}

TEST_CASE("a trap is told with its reason and its place") {
  const Outcome outcome = Run(command("unreachable")).end();
  CHECK(outcome.ending == Ending::kTrapped);
  CHECK(outcome.reason.find("unreachable") != std::string::npos);
  CHECK_FALSE(outcome.trace.empty());
}

TEST_CASE("a spinning guest ends at its CPU time, and not long after") {
  Run run(command(kSpin));
  run.guest.cpu_time = 50ms;
  const Outcome outcome = run.end();
  CHECK(outcome.ending == Ending::kLimited);
  CHECK(outcome.limit == Limit::kCpuTime);
  CHECK(outcome.cpu_throttled == 0ns);
  CHECK(outcome.cpu_used >= 50ms);
  CHECK(outcome.cpu_used < 500ms);
}

TEST_CASE("calls that are lent one share have no more than it together, and each has some") {
  Share share(2000);
  Run first(command(kSpin));
  Run second(command(kSpin));
  for (Run* run : {&first, &second}) {
    run->guest.share = &share;
    run->guest.wall = 1s;
  }
  first.start();
  second.start();
  const Outcome ended[] = {first.wait(), second.wait()};
  for (const Outcome& outcome : ended) {
    CHECK(outcome.limit == Limit::kWall);
    CHECK(outcome.cpu_used > 20ms);
    // None when others of this machine hold it back enough.
    CHECK((outcome.cpu_throttled > 0ns || outcome.cpu_used < 100ms));
  }
  CHECK(ended[0].cpu_used + ended[1].cpu_used < 260ms);
}

TEST_CASE("a share that is changed while it is drawn from holds from then on") {
  Share share(10'000);
  std::atomic<int> told = 0;
  share.on_drawn([&] {
    ++told;
    share.set(1000);
  });
  Run run(command(kSpin));
  run.guest.share = &share;
  run.guest.wall = 1s;
  const Outcome outcome = run.end();
  CHECK(outcome.limit == Limit::kWall);
  CHECK(told > 0);
  CHECK(outcome.cpu_used < 250ms);
  CHECK(outcome.cpu_throttled > 0ns);
}

TEST_CASE("a guest that rests for its share ends at its deadline, and at once when it is cancelled") {
  Share least(1);  // what a tick uses is slept off for most of a minute
  Run late(command(kSpin));
  late.guest.share = &least;
  late.guest.wall = 200ms;
  CHECK(late.end().limit == Limit::kWall);
  Run cancelled(command(kSpin));
  cancelled.guest.share = &least;
  cancelled.start();
  cancelled.cancel();
  CHECK(cancelled.wait().ending == Ending::kCancelled);
}

TEST_CASE("a spinning guest ends at its deadline") {
  Run run(command(kSpin));
  run.guest.wall = 50ms;
  CHECK(run.end().limit == Limit::kWall);
}

TEST_CASE("a spinning guest ends when it is cancelled") {
  Run run(command(kSpin));
  run.start();
  run.cancel();
  CHECK(run.wait().ending == Ending::kCancelled);
}

TEST_CASE("freeing the engine cancels what runs, and reports it") {
  Run run(command(
      "(drop (call $sleep))",
      "(import \"wasi_snapshot_preview1\" \"poll_oneoff\" (func $poll (param i32 i32 i32 i32) (result i32)))"
      "(func $sleep (result i32) (i32.store8 (i32.const 8) (i32.const 0)) "
      "(i32.store (i32.const 16) (i32.const 1)) (i64.store (i32.const 24) (i64.const 60000000000)) "
      "(call $poll (i32.const 0) (i32.const 200) (i32.const 1) (i32.const 300)))"));
  run.start();
  run.free_engine();
  CHECK(run.wait().ending == Ending::kCancelled);
}

TEST_CASE("growth beyond the budget fails as the guest's allocator expects") {
  // 2 MiB, in pages of 64 KiB: the 100 asked for don't fit, so the guest sees -1 and exits with 3.
  Run run(
      command("(if (i32.eq (memory.grow (i32.const 100)) (i32.const -1)) (then (call $exit (i32.const 3))))"),
      2 << 20);
  CHECK(run.end().exit_status == 3);
  CHECK(run.budget().refused_bytes().has_value());
}

TEST_CASE("a guest that falls over refused memory ended by the limit") {
  Run run(command("(if (i32.eq (memory.grow (i32.const 100)) (i32.const -1)) (then unreachable))"), 2 << 20);
  const Outcome outcome = run.end();
  CHECK(outcome.ending == Ending::kLimited);
  CHECK(outcome.limit == Limit::kMemory);
}

TEST_CASE("what a guest drew is given back when it has ended") {
  Run run(command("(drop (memory.grow (i32.const 4)))"));
  CHECK(run.end().exit_status == 0);
  CHECK(run.budget().used_bytes() == 0);
  CHECK(run.budget().peak_bytes() >= 5 * 65536);
}

TEST_CASE("endless recursion ends at the stack") {
  Run run(command("(call $down)", "(func $down (call $down) (call $down))"));
  CHECK(run.end().limit == Limit::kStack);
}

TEST_CASE("a path that no grant covers is not found, and the owner is told") {
  // The only preopen is the phantom, descriptor 3.
  Run run(command(
      "(call $exit (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 10) (i32.const 0) "
      "(i64.const 2) (i64.const 0) (i32.const 0) (i32.const 200)))",
      kPathOpen));
  CHECK(run.end().exit_status == 44);  // errno noent
  CHECK(run.knocks() == std::vector<std::string>{"open-read /etc/passwd"});
}

TEST_CASE("creating a file where no grant is isn't permitted, and the owner is told") {
  Run run(command(
      "(call $exit (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 10) (i32.const 1) "
      "(i64.const 64) (i64.const 0) (i32.const 0) (i32.const 200)))",
      kPathOpen));
  CHECK(run.end().exit_status == 63);  // errno perm
  CHECK(run.knocks() == std::vector<std::string>{"open-write /etc/passwd"});
}

TEST_CASE("the portable way of opening refuses the same") {
  for (const Ways ways : {Ways::kNative, Ways::kPortable}) {
    const std::string folder =
        std::filesystem::temp_directory_path() / ("berth-ways-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder + "/etc");
    std::ofstream(folder + "/etc/passwd") << "theirs";
    Run run(command(
        "(call $exit (call $open (i32.const 3) (i32.const 0) (i32.const 96) (i32.const 14) (i32.const 0) "
        "(i64.const 2) (i64.const 0) (i32.const 0) (i32.const 200)))",
        std::string(kPathOpen) + "(data (i32.const 96) \"../\\00etc/passwd\")"));
    run.guest.folders = {{.host_path = folder, .guest_path = "/data", .writable = false}};
    run.guest.ways = ways;
    const Outcome outcome = run.end();
    CHECK(outcome.ending == Ending::kExited);
    CHECK(outcome.exit_status != 0);
    std::filesystem::remove_all(folder);
  }
}

TEST_CASE("many calls leave no thread and no descriptor behind") {
  const auto count = [](const char* folder) {
    return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
  };
  const auto engine = Engine::create(1).value();
  const auto module = engine->compile({}, command("(drop (memory.grow (i32.const 4)))")).value();
  Budget budget(16 << 20);
  Keeper keeper;
  const auto once = [&] {
    std::promise<Outcome> ended;
    Guest guest;
    guest.handles = 128;
    guest.host_buffer_bytes = 1 << 20;
    guest.folders = {{.host_path = "/tmp", .guest_path = "/data", .writable = false}};
    guest.budget = &budget;
    guest.keeper = &keeper;
    const auto call =
        engine->start(*module, guest, [&](Outcome outcome) { ended.set_value(std::move(outcome)); }).value();
    CHECK(ended.get_future().get().exit_status == 0);
  };
  once();
  const auto threads = count("/proc/self/task");
  const auto descriptors = count("/proc/self/fd");
  for (int i = 0; i < 300; ++i) once();
  CHECK(count("/proc/self/task") == threads);
  CHECK(count("/proc/self/fd") == descriptors);
  CHECK(budget.used_bytes() == 0);
}

#ifdef BERTH_TEST_SWITCHES
TEST_CASE("a failure of berth's own is told from a cancellation") {
  Run run(command(""));
  run.guest.guards_off = kAskForPanic;
  CHECK(run.end().ending == Ending::kPanicked);
}
#endif

}  // namespace berth::engine
