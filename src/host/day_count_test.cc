// SPDX-License-Identifier: Apache-2.0
#include "host/day_count.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "base/os/file.h"

namespace berth::host {
namespace {

namespace fs = std::filesystem;
using engine::Way;

constexpr uint64_t kLimit = 256'000;  // pieces of 1,000

/// A state folder, and processes of one module that count in it.
struct Days {
  fs::path folder = fs::temp_directory_path() / ("berth-day-" + std::to_string(::getpid()));
  DayClock clock{.unix_seconds = 20'000 * 86'400 + 3600, .boot = 1, .boot_seconds = 5000};

  Days() {
    fs::remove_all(folder);
  }
  ~Days() {
    fs::remove_all(folder);
  }
  Days(const Days&) = delete;
  Days& operator=(const Days&) = delete;

  std::unique_ptr<DayCount> process(std::string_view module = "module") {
    return DayCount::open(folder.string(), sha256(module), kLimit, [this] { return clock; }).value();
  }
  fs::path file() {
    return fs::directory_iterator(folder / "network-daily")->path();
  }
};

}  // namespace

TEST_CASE("a day gives its bytes each way and no more, to all processes together") {
  Days days;
  const auto first = days.process();
  const auto second = days.process();
  CHECK(first->draw(Way::kOut, 1) == 1000);
  CHECK(second->draw(Way::kOut, 200'000) == 200'000);
  CHECK(first->draw(Way::kOut, 200'000) == 55'000);
  CHECK(second->draw(Way::kOut, 1) == 0);
  CHECK(second->draw(Way::kIn, 1) == 1000);
  CHECK(second->use().sent == kLimit);
  CHECK(second->use().refused == 1);
}

TEST_CASE("what was drawn stays counted when a process goes, and what is given back doesn't") {
  Days days;
  days.process()->draw(Way::kOut, 5000);  // killed
  const auto next = days.process();
  CHECK(next->use().sent == 5000);
  next->draw(Way::kOut, 5000);
  next->give_back(Way::kOut, 4000);
  CHECK(days.process()->use().sent == 6000);
}

TEST_CASE("each module has a day of its own") {
  Days days;
  days.process("one")->draw(Way::kOut, kLimit);
  CHECK(days.process("other")->draw(Way::kOut, 1) == 1000);
}

TEST_CASE("what was drawn yesterday isn't given back today") {
  Days days;
  const auto process = days.process();
  process->draw(Way::kIn, 5000);
  days.clock.unix_seconds += 86'400;
  days.clock.boot_seconds += 86'400;
  days.process()->draw(Way::kIn, 3000);
  process->give_back(Way::kIn, 5000);
  CHECK(process->use().received == 3000);
}

TEST_CASE("a torn record is a day that is used up, and the next day is a new one") {
  Days days;
  days.process()->draw(Way::kOut, 1000);
  std::fstream(days.file(), std::ios::in | std::ios::out | std::ios::binary).seekp(20).write("torn", 4);
  const auto process = days.process();
  CHECK(process->draw(Way::kOut, 1) == 0);
  CHECK(process->draw(Way::kIn, 1) == 0);
  CHECK(process->use().unreadable);
  CHECK(days.process()->draw(Way::kOut, 1) == 0);
  days.clock.unix_seconds += 86'400;
  days.clock.boot_seconds += 86'400;
  CHECK(process->draw(Way::kOut, 1) == 1000);
  CHECK(process->use().received == 0);
}

TEST_CASE("a record that is cut short is used up too") {
  Days days;
  days.process()->draw(Way::kOut, 1000);
  fs::resize_file(days.file(), 40);
  CHECK(days.process()->draw(Way::kOut, 1) == 0);
}

TEST_CASE("many threads and processes draw no byte twice") {
  Days days;
  std::atomic<uint64_t> drawn = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        const auto process = days.process();
        while (const uint64_t some = process->draw(Way::kOut, 1)) drawn += some;
      });
    }
  }
  CHECK(drawn == kLimit);
}

TEST_CASE("the folder and the file are this user's alone") {
  Days days;
  days.process();
  CHECK((fs::status(days.file()).permissions() & (fs::perms::group_all | fs::perms::others_all)) ==
        fs::perms::none);
}

}  // namespace berth::host
