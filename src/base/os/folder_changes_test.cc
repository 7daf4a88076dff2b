// SPDX-License-Identifier: Apache-2.0
#include "base/os/folder_changes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/testing.h"

namespace berth {
namespace {

using namespace std::chrono_literals;
using Kind = FolderChanges::Change::Kind;

constexpr auto kDeadline = 10s;

/// A folder that is followed.
struct Followed {
  TestFolder folder;
  std::unique_ptr<FolderChanges> changes = FolderChanges::create().value();

  Followed() {
    REQUIRE(changes->follow(folder.path()));
  }
  /// Waits until it is told.
  bool tells(Kind kind, const std::string& name) const {
    const auto last = std::chrono::steady_clock::now() + kDeadline;
    while (std::chrono::steady_clock::now() < last) {
      for (const auto& change : changes->wait(100ms)) {
        if (change.kind == kind && change.name == name) return true;
      }
    }
    return false;
  }
};

TEST_CASE("a file that is written is told of, and again when it is closed") {
  const Followed followed;
  std::ofstream file(followed.folder.at("a"));
  file << "half" << std::flush;
  CHECK(followed.tells(Kind::kWritten, "a"));
  file.close();
  CHECK(followed.tells(Kind::kClosed, "a"));
}

TEST_CASE("a file that is renamed into the folder is whole") {
  const Followed followed;
  const TestFolder aside;
  std::ofstream(aside.at("a")) << "all";
  std::filesystem::rename(aside.at("a"), followed.folder.at("b"));
  CHECK(followed.tells(Kind::kMovedIn, "b"));
  std::filesystem::remove(followed.folder.at("b"));
  CHECK(followed.tells(Kind::kOther, "b"));
}

TEST_CASE("a folder that goes is told of, and another one in its place can be followed") {
  const Followed followed;
  std::filesystem::remove_all(followed.folder.path());
  CHECK(followed.tells(Kind::kLost, ""));
  CHECK_FALSE(followed.changes->follow(followed.folder.path()));
  std::filesystem::create_directory(followed.folder.path());
  REQUIRE(followed.changes->follow(followed.folder.path()));
  std::ofstream(followed.folder.at("a")) << "all";
  CHECK(followed.tells(Kind::kClosed, "a"));
}

TEST_CASE("who waits is woken, also when it was told before") {
  const Followed followed;
  followed.changes->wake();
  const auto began = std::chrono::steady_clock::now();
  CHECK(followed.changes->wait(60s).empty());
  std::jthread other([&] { followed.changes->wake(); });
  CHECK(followed.changes->wait(60s).empty());
  CHECK(std::chrono::steady_clock::now() - began < 30s);
}

TEST_CASE("waiting ends with its time") {
  const Followed followed;
  CHECK(followed.changes->wait(1ms).empty());
}

}  // namespace
}  // namespace berth
