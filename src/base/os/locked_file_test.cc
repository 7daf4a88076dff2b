// SPDX-License-Identifier: Apache-2.0
#include "base/os/locked_file.h"

#include <doctest/doctest.h>

#include <array>
#include <filesystem>

#include "base/testing.h"

namespace berth {
namespace {

using Lock = LockedFile::Lock;
using Wait = LockedFile::Wait;

}  // namespace

TEST_CASE("many may share a file, and one alone may have it") {
  const TestFolder folder;
  const std::string path = folder.path() + "/a";
  {
    auto mine = LockedFile::make(path, Wait::kNo).value();
    REQUIRE(mine);
    CHECK_FALSE(LockedFile::make(path, Wait::kNo).value());
    CHECK_FALSE(LockedFile::open(path, Lock::kShared, Wait::kNo).value());
    mine->share();
    CHECK(LockedFile::open(path, Lock::kShared, Wait::kNo).value());
    CHECK_FALSE(LockedFile::open(path, Lock::kExclusive, Wait::kNo).value());
  }
  CHECK(LockedFile::open(path, Lock::kExclusive, Wait::kNo).value());
}

TEST_CASE("a file that was written aside has its name and its bytes at once, and can't be written any more") {
  const TestFolder folder;
  auto made = LockedFile::make(folder.path() + "/aside", Wait::kNo).value();
  REQUIRE(made);
  REQUIRE(made->append("abc"));
  REQUIRE(made->append("def"));
  REQUIRE(made->truncate(5));
  REQUIRE(made->publish(folder.path() + "/whole"));
  CHECK_FALSE(std::filesystem::exists(folder.path() + "/aside"));
  made->share();
  auto read = LockedFile::open(folder.path() + "/whole", Lock::kShared, Wait::kNo).value();
  REQUIRE(read);
  std::array<char, 8> bytes{};
  CHECK(read->read_at(1, bytes) == 4);
  CHECK(std::string_view(bytes.data(), 4) == "bcde");
  CHECK_FALSE(read->append("x"));
}

TEST_CASE("what isn't there, or is no file, isn't locked") {
  const TestFolder folder;
  CHECK(LockedFile::open(folder.path() + "/none", Lock::kShared, Wait::kNo).error().code ==
        ErrorCode::kNotFound);
  CHECK_FALSE(LockedFile::open(folder.path(), Lock::kShared, Wait::kNo));
  std::filesystem::create_symlink(folder.path() + "/none", folder.path() + "/link");
  CHECK_FALSE(LockedFile::make(folder.path() + "/link", Wait::kNo));
}

}  // namespace berth
