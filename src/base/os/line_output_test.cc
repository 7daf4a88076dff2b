// SPDX-License-Identifier: Apache-2.0
#include "base/os/line_output.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "base/os/file.h"
#include "base/testing.h"

using namespace berth;

TEST_CASE("lines go to a file's end, also when it was emptied meanwhile") {
  const TestFolder folder;
  const std::string path = folder.path() + "/log";
  const auto output = LineOutput::appending(path);
  REQUIRE(output);
  CHECK(output->write("one\ntwo\n", [] { return true; }).empty());
  CHECK(::truncate(path.c_str(), 0) == 0);
  CHECK(output->write("three\n", [] { return true; }).empty());
  CHECK(*read_file(path, 100) == "three\n");
}

TEST_CASE("a file that can't be made is an error that names it") {
  const auto output = LineOutput::appending("/nowhere/at/all");
  REQUIRE_FALSE(output);
  CHECK(output.error().message.find("'/nowhere/at/all'") != std::string::npos);
}

TEST_CASE("a pipe that nobody reads is given up when the caller likes, and what is left begins with a line") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const Descriptor reader(ends[0]);
  const Descriptor writer(ends[1]);
  std::string lines;
  for (int i = 0; i < 100'000; ++i) lines += "a line of the log\n";
  int asked = 0;
  const auto left = LineOutput::standard(writer.get()).write(lines, [&] { return ++asked < 2; });
  CHECK(asked == 2);
  CHECK(left.size() < lines.size());
  CHECK(left.starts_with("a line of the log\n"));
}

TEST_CASE("a line that was torn stays alone") {
  const TestFolder folder;
  const std::string path = folder.path() + "/log";
  auto output = LineOutput::appending(path);
  REQUIRE(output);
  CHECK(output->append_line("one"));
  CHECK(output->write("to", [] { return true; }).empty());
  CHECK(output->append_line("two"));
  CHECK(output->append_line("three"));
  CHECK(*read_file(path, 100) == "one\nto\ntwo\nthree\n");
}

TEST_CASE("several append to one file, each line is whole and none is empty") {
  const TestFolder folder;
  const std::string path = folder.path() + "/log";
  constexpr size_t kLines = 1000;
  const std::string line(4000, 'x');
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < 4; ++i) {
      writers.emplace_back([&] {
        auto output = LineOutput::appending(path).value();
        for (size_t count = 0; count < kLines; ++count) CHECK(output.append_line(line));
      });
    }
  }
  std::string all;
  for (size_t count = 0; count < 4 * kLines; ++count) all += line + '\n';
  CHECK((*read_file(path, 2 * all.size()) == all));
}

TEST_CASE("one who keeps the turn keeps nobody") {
  const TestFolder folder;
  const std::string path = folder.path() + "/log";
  auto output = LineOutput::appending(path);
  REQUIRE(output);
  const Descriptor other(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  REQUIRE(::flock(other.get(), LOCK_EX) == 0);
  const auto began = std::chrono::steady_clock::now();
  for (int count = 0; count < 100; ++count) CHECK(output->append_line("one"));
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(1));
  CHECK(read_file(path, 1000)->size() == 400);
}
