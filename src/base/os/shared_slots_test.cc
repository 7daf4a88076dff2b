// SPDX-License-Identifier: Apache-2.0
#include "base/os/shared_slots.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/testing.h"

namespace berth {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr SlotsShape kShape{.layout = 7, .heading_bytes = 64, .slot_bytes = 64, .slots = 4};

/// A child of this process that runs `body` and then waits to be killed.
class Child {
 public:
  template <class Body>
  explicit Child(const Body& body) {
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    id_ = ::fork();
    if (id_ == 0) {
      const char said = body() ? 'y' : 'n';
      std::ignore = ::write(ready[1], &said, 1);
      while (true) ::pause();
    }
    char said = 0;
    worked_ = ::read(ready[0], &said, 1) == 1 && said == 'y';
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~Child() {
    kill();
  }
  bool worked() const {
    return worked_;
  }
  void kill() {
    if (id_ <= 0) return;
    ::kill(id_, SIGKILL);
    ::waitpid(id_, nullptr, 0);
    id_ = -1;
  }

 private:
  pid_t id_ = -1;
  bool worked_ = false;
};

TEST_CASE("what one process writes the others read, and a slot is free again when its process is killed") {
  const TestFolder folder;
  auto mine = SharedSlots::open(folder.at("slots"), kShape, 1s);
  REQUIRE(mine.has_value());
  Child child([&] {
    auto slots = SharedSlots::open(folder.at("slots"), kShape, 1s);
    if (!slots || !slots->hold(2)) return false;
    slots->slot(2)[0] = std::byte{42};
    static auto kept = std::move(*slots);
    return true;
  });
  REQUIRE(child.worked());
  CHECK(mine->held_elsewhere(2));
  CHECK_FALSE(mine->held_elsewhere(1));
  CHECK_FALSE(mine->hold(2));
  CHECK(mine->slot(2)[0] == std::byte{42});
  child.kill();
  CHECK_FALSE(mine->held_elsewhere(2));
  CHECK(mine->hold(2));
  mine->release(2);
}

TEST_CASE("who keeps the table locked is waited for so long, and no longer once killed") {
  const TestFolder folder;
  auto mine = SharedSlots::open(folder.at("slots"), kShape, 1s);
  REQUIRE(mine.has_value());
  Child child([&] {
    auto slots = SharedSlots::open(folder.at("slots"), kShape, 1s);
    if (!slots) return false;
    static auto kept = std::move(*slots);
    static auto alone = kept.lock(1s);
    return alone.has_value();
  });
  REQUIRE(child.worked());
  const auto refused = mine->lock(20ms);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::kUnavailable);
  child.kill();
  CHECK(mine->lock(1s).has_value());
  CHECK(mine->lock(1s).has_value());
}

TEST_CASE("another layout is refused while a slot is held, and then takes the file over") {
  const TestFolder folder;
  SlotsShape other = kShape;
  other.layout = 8;
  other.slots = 2;
  Child child([&] {
    auto slots = SharedSlots::open(folder.at("slots"), kShape, 1s);
    if (!slots || !slots->hold(0)) return false;
    slots->slot(0)[0] = std::byte{1};
    static auto kept = std::move(*slots);
    return true;
  });
  REQUIRE(child.worked());
  CHECK_FALSE(SharedSlots::open(folder.at("slots"), other, 1s).has_value());
  child.kill();
  auto anew = SharedSlots::open(folder.at("slots"), other, 1s);
  REQUIRE(anew.has_value());
  CHECK(anew->slot(0)[0] == std::byte{0});
  CHECK(fs::file_size(folder.at("slots")) >= 64 + 64 + 4 * 64);
}

TEST_CASE("a file that is cut short or no file is begun anew or refused") {
  const TestFolder folder;
  std::ofstream(folder.at("slots")) << "?";
  CHECK(SharedSlots::open(folder.at("slots"), kShape, 1s).has_value());
  fs::remove(folder.at("slots"));
  fs::create_directory(folder.at("slots"));
  CHECK_FALSE(SharedSlots::open(folder.at("slots"), kShape, 1s).has_value());
}

}  // namespace
}  // namespace berth
