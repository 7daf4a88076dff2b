// SPDX-License-Identifier: Apache-2.0
#include "base/os/file.h"

#include <doctest/doctest.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "base/testing.h"

namespace {

/// What waiting for a folder fails with, in place of what it would; 0: it doesn't.
int folder_sync_error = 0;

}  // namespace

/// The C library's, for this program.
extern "C" int fsync(int file) {
  struct stat about = {};
  if (folder_sync_error != 0 && ::fstat(file, &about) == 0 && S_ISDIR(about.st_mode)) {
    errno = folder_sync_error;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_fsync, file));
}

namespace berth {
namespace {

namespace fs = std::filesystem;

Result<void> write(const std::string& path, std::string_view text) {
  const std::string_view parts[] = {text};
  return write_file(path, parts, 0600, Durability::kSynced);
}

}  // namespace

TEST_CASE("what was written is read back, whole") {
  const TestFolder scratch;
  REQUIRE(write(scratch.at("f"), "first").has_value());
  REQUIRE(write(scratch.at("f"), "second").has_value());
  CHECK(read_file(scratch.at("f"), 100).value() == "second");
  CHECK(MappedFile::open(scratch.at("f"))->bytes() == "second");
}

TEST_CASE("a disk that doesn't take a name is an error of who waits for it") {
  const TestFolder scratch;
  const std::string_view parts[] = {"text"};
  folder_sync_error = EIO;
  const auto written = write(scratch.at("f"), "text");
  const auto made = write_new_file(scratch.at("g"), parts, 0600, Durability::kSynced);
  const auto renamed = write_file(scratch.at("h"), parts, 0600, Durability::kRenamed);
  folder_sync_error = EINVAL;
  const auto on_another = write(scratch.at("i"), "text");
  folder_sync_error = 0;
  for (const auto& failed : {written, made}) {
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == ErrorCode::kUnavailable);
    CHECK(failed.error().message.find("waiting until the disk has") != std::string::npos);
  }
  CHECK(renamed);
  CHECK(on_another);
  CHECK(read_file(scratch.at("f"), 100) == "text");
}

TEST_CASE("nothing is left beside a written file") {
  const TestFolder scratch;
  REQUIRE(write(scratch.at("f"), "text").has_value());
  CHECK(std::distance(fs::directory_iterator(scratch.at("")), fs::directory_iterator()) == 1);
}

TEST_CASE("a new name is never that of something that is there, also of an empty folder") {
  const TestFolder scratch;
  REQUIRE(write(scratch.at("a"), "a").has_value());
  fs::create_directory(scratch.at("from"));
  fs::create_directory(scratch.at("folder"));
  CHECK(rename_new(scratch.at("from"), scratch.at("folder")).error().code == ErrorCode::kInvalidArgument);
  CHECK(rename_new(scratch.at("a"), scratch.at("folder")).error().code == ErrorCode::kInvalidArgument);
  CHECK(rename_new(scratch.at("a"), scratch.at("b")).has_value());
  CHECK(rename_new(scratch.at("a"), scratch.at("c")).error().code == ErrorCode::kNotFound);
}

TEST_CASE("a file larger than asked for is refused, not cut") {
  const TestFolder scratch;
  REQUIRE(write(scratch.at("f"), "12345").has_value());
  CHECK(read_file(scratch.at("f"), 4).error().code == ErrorCode::kInvalidArgument);
  CHECK(read_file(scratch.at("f"), 5).value() == "12345");
}

TEST_CASE("a file is read in pieces, whole and in order") {
  const TestFolder scratch;
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i);
  REQUIRE(write(scratch.at("file"), text).has_value());
  std::string read;
  REQUIRE(read_pieces(scratch.at("file"), [&](std::string_view piece) { read += piece; }).has_value());
  CHECK(read == text);
  CHECK(read_pieces(scratch.at("none"), [](std::string_view) {}).error().code == ErrorCode::kNotFound);
}

TEST_CASE("a FIFO is refused without waiting for its writer") {
  const TestFolder scratch;
  REQUIRE(::mkfifo(scratch.at("pipe").c_str(), 0600) == 0);
  CHECK(read_file(scratch.at("pipe"), 100).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("lines are appended one after the other") {
  const TestFolder scratch;
  REQUIRE(append_line(scratch.at("log"), "one").has_value());
  REQUIRE(append_line(scratch.at("log"), "two").has_value());
  CHECK(read_file(scratch.at("log"), 100).value() == "one\ntwo\n");
}

TEST_CASE("a private folder is made closed, and one that is open to others is refused") {
  const TestFolder scratch;
  REQUIRE(make_private_folder(scratch.at("a/b")).has_value());
  CHECK((fs::status(scratch.at("a/b")).permissions() & fs::perms::others_all) == fs::perms::none);
  fs::permissions(scratch.at("a/b"), fs::perms::others_read, fs::perm_options::add);
  CHECK(make_private_folder(scratch.at("a/b")).error().code == ErrorCode::kDenied);
}

TEST_CASE("a link in the place of a private folder is refused") {
  const TestFolder scratch;
  fs::create_directory_symlink("/tmp", scratch.at("link"));
  CHECK(make_private_folder(scratch.at("link")).error().code == ErrorCode::kDenied);
}

}  // namespace berth
