// SPDX-License-Identifier: Apache-2.0
#include "base/os/tree.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/os/descriptor.h"
#include "base/os/folder_lock.h"
#include "base/testing.h"

namespace berth {
namespace {

namespace fs = std::filesystem;

/// Also of a tree that is deeper than others can remove.
class Scratch : public TestFolder {
 public:
  ~Scratch() {
    std::ignore = remove_tree(path());
  }
};

}  // namespace

TEST_CASE("a tree is measured as storage is counted: a file once, whatever its names, links as they are") {
  const Scratch scratch;
  fs::create_directories(scratch.at("tree/a/b"));
  std::ofstream(scratch.at("tree/a/file")) << "12345";
  std::ofstream(scratch.at("outside")) << "not counted";
  fs::create_hard_link(scratch.at("tree/a/file"), scratch.at("tree/again"));
  fs::create_symlink(scratch.at("outside"), scratch.at("tree/link"));
  const TreeSize size = measure_tree(scratch.at("tree")).value();
  CHECK(size.bytes == 5);
  CHECK(size.files == 4);
  CHECK(measure_tree(scratch.at("nowhere")).error().code == ErrorCode::kNotFound);
}

TEST_CASE("a tree is removed without what its links lead to") {
  const Scratch scratch;
  fs::create_directories(scratch.at("tree/a/b"));
  fs::create_directory(scratch.at("kept"));
  std::ofstream(scratch.at("kept/file")) << "kept";
  fs::create_symlink(scratch.at("kept"), scratch.at("tree/a/link"));
  REQUIRE(remove_tree(scratch.at("tree")).has_value());
  CHECK_FALSE(fs::exists(scratch.at("tree")));
  CHECK(fs::exists(scratch.at("kept/file")));
  CHECK(remove_tree(scratch.at("tree")).error().code == ErrorCode::kNotFound);
  fs::create_directory_symlink(scratch.at("kept"), scratch.at("tree"));
  CHECK_FALSE(remove_tree(scratch.at("tree")).has_value());
  CHECK(fs::exists(scratch.at("kept/file")));
}

TEST_CASE("a tree deeper than any path may be long is measured and removed") {
  constexpr uint64_t kDeep = 5000;
  const Scratch scratch;
  fs::create_directory(scratch.at("tree"));
  Descriptor here(::open(scratch.at("tree").c_str(), O_RDONLY | O_DIRECTORY));
  for (uint64_t i = 0; i < kDeep; ++i) {
    REQUIRE(::mkdirat(here.get(), "d", 0700) == 0);
    here = Descriptor(::openat(here.get(), "d", O_RDONLY | O_DIRECTORY));
    REQUIRE(here.opened());
  }
  CHECK(measure_tree(scratch.at("tree")).value().files == kDeep);
  REQUIRE(remove_tree(scratch.at("tree")).has_value());
  CHECK_FALSE(fs::exists(scratch.at("tree")));
}

TEST_CASE("a folder is locked by many, or by one") {
  using enum FolderLock::Kind;
  const Scratch scratch;
  fs::create_directory(scratch.at("used"));
  fs::create_symlink("used", scratch.at("link"));
  CHECK(FolderLock::take(scratch.at("nowhere"), kShared).error().code == ErrorCode::kNotFound);
  CHECK_FALSE(FolderLock::take(scratch.at("link"), kShared).has_value());
  {
    const auto first = FolderLock::take(scratch.at("used"), kShared).value();
    CHECK(first.has_value());
    CHECK(FolderLock::take(scratch.at("used"), kShared).value().has_value());
    CHECK_FALSE(FolderLock::take(scratch.at("used"), kExclusive).value().has_value());
  }
  const auto alone = FolderLock::take(scratch.at("used"), kExclusive).value();
  CHECK(alone.has_value());
  CHECK_FALSE(FolderLock::take(scratch.at("used"), kShared).value().has_value());
}

}  // namespace berth
