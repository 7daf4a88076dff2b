// SPDX-License-Identifier: Apache-2.0
#include "embed/watched_files.h"

#include <doctest/doctest.h>

namespace berth::embed {
namespace {

using namespace std::chrono_literals;
using Kind = FolderChanges::Change::Kind;

constexpr auto kSettle = 200ms;

/// A folder with one file, on a clock of its own.
struct Folder {
  WatchedFiles files{kSettle};
  WatchedFiles::Clock::time_point now = WatchedFiles::Clock::time_point(1h);
  std::map<std::string, WatchedFiles::Seen> there;

  void put(uint64_t bytes, WatchedFiles::Clock::duration age = 0ms) {
    there["a.wasm"] = {.stamp = {.inode = 1, .bytes = bytes, .written_ns = ++writes}, .age = age};
    files.seen(there, now);
  }
  void tell(Kind kind) {
    files.heard({.kind = kind, .name = "a.wasm"}, now);
  }
  void remove() {
    there.clear();
    files.seen(there, now);
  }
  void pass(std::chrono::milliseconds time) {
    now += time;
    files.seen(there, now);
  }
  bool due() const {
    return !files.due(now).empty();
  }
  void take() {
    files.taken("a.wasm", files.due(now).at(0).stamp);
  }

  int64_t writes = 0;
};

TEST_CASE("a file is taken once it has stayed as it is for a while") {
  Folder folder;
  folder.put(10);
  folder.pass(kSettle - 1ms);
  CHECK_FALSE(folder.due());
  CHECK(folder.files.next() == folder.now + 1ms);
  folder.pass(1ms);
  CHECK(folder.due());
  folder.take();
  CHECK_FALSE(folder.due());
  CHECK(folder.files.next() == std::nullopt);
}

TEST_CASE("one that lay there before has done so already") {
  Folder folder;
  folder.put(10, 1h);
  CHECK(folder.due());
}

TEST_CASE("a change begins the while anew") {
  Folder folder;
  folder.put(10);
  folder.pass(150ms);
  folder.put(20);
  folder.pass(150ms);
  CHECK_FALSE(folder.due());
  folder.pass(50ms);
  CHECK(folder.due());
}

TEST_CASE("while somebody writes it isn't taken, however long it takes") {
  Folder folder;
  folder.tell(Kind::kWritten);
  folder.put(10);
  folder.pass(1h);
  CHECK_FALSE(folder.due());
  CHECK(folder.files.next() == std::nullopt);
  folder.tell(Kind::kClosed);
  CHECK_FALSE(folder.due());
  folder.pass(kSettle);
  CHECK(folder.due());
}

TEST_CASE("what isn't told any more doesn't keep a file from being taken") {
  Folder folder;
  folder.tell(Kind::kWritten);
  folder.put(10);
  folder.files.heard({.kind = Kind::kLost, .name = ""}, folder.now);
  folder.pass(kSettle);
  CHECK(folder.due());
}

TEST_CASE("one that was renamed into the folder is taken at once, and in place of another too") {
  Folder folder;
  folder.tell(Kind::kMovedIn);
  folder.put(10);
  CHECK(folder.due());
  folder.take();
  folder.tell(Kind::kMovedIn);
  folder.put(20);
  CHECK(folder.due());
}

TEST_CASE("one that is changed after it was renamed waits like any other") {
  Folder folder;
  folder.tell(Kind::kMovedIn);
  folder.put(10);
  folder.put(5);
  CHECK_FALSE(folder.due());
  folder.pass(kSettle);
  CHECK(folder.due());
}

TEST_CASE("a write that leaves the stamp as it was is taken again") {
  Folder folder;
  folder.put(10, 1h);
  folder.take();
  folder.tell(Kind::kClosed);
  folder.pass(kSettle);
  CHECK(folder.due());
}

TEST_CASE("what is empty isn't taken") {
  Folder folder;
  folder.put(0);
  folder.pass(1h);
  CHECK_FALSE(folder.due());
}

TEST_CASE("a file is gone when it is missing for a while, not when it is written anew meanwhile") {
  Folder folder;
  folder.put(10, 1h);
  folder.take();
  folder.remove();
  CHECK(folder.files.gone(folder.now).empty());
  CHECK(folder.files.next() == folder.now + kSettle);
  folder.pass(kSettle - 1ms);
  folder.put(20);
  folder.pass(1h);
  CHECK(folder.files.gone(folder.now).empty());
  CHECK(folder.due());
  folder.take();
  folder.remove();
  folder.pass(kSettle);
  CHECK(folder.files.gone(folder.now) == std::vector<std::string>{"a.wasm"});
  CHECK(folder.files.next() == std::nullopt);
}

TEST_CASE("a file may be asked for again") {
  Folder folder;
  folder.put(10, 1h);
  folder.take();
  folder.files.again("a.wasm");
  CHECK(folder.due());
}

}  // namespace
}  // namespace berth::embed
