// SPDX-License-Identifier: Apache-2.0
#include "serve/access_log.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <string>

#include "base/os/file.h"
#include "base/testing.h"

using namespace berth;
using namespace berth::serve;
using namespace std::chrono_literals;

namespace {

AccessEntry entry(std::string path) {
  AccessEntry entry;
  entry.path = std::move(path);
  entry.status = 200;
  return entry;
}

/// Those of requests.
uint64_t lines_of(const std::string& text) {
  uint64_t lines = 0;
  for (size_t at = text.find("\"status\""); at != std::string::npos; at = text.find("\"status\"", at + 1))
    ++lines;
  return lines;
}

}  // namespace

TEST_CASE("each entry is a line, in the order in which they came") {
  const TestFolder folder;
  const std::string path = folder.path() + "/log";
  {
    AccessLog log(std::move(*LineOutput::appending(path)), AccessStyle::kJson);
    for (int i = 0; i < 1000; ++i) log.add(entry("/" + std::to_string(i)));
    log.close(20s);
    CHECK(log.dropped() == 0);
  }
  const std::string text = *read_file(path, 10 << 20);
  CHECK(lines_of(text) == 1000);
  CHECK(text.find("\"/0\"") < text.find("\"/1\""));
  CHECK(text.find("\"/998\"") < text.find("\"/999\""));
}

TEST_CASE("who reads nothing keeps nobody waiting, and what is left out is counted") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const Descriptor reader(ends[0]);
  const Descriptor writer(ends[1]);
  AccessLog log(LineOutput::standard(writer.get()), AccessStyle::kJson);
  const auto begin = std::chrono::steady_clock::now();
  constexpr int kMany = 100'000;
  for (int i = 0; i < kMany; ++i) log.add(entry("/" + std::string(100, 'x')));
  CHECK(log.dropped() > 0);
  log.close(200ms);
  CHECK(std::chrono::steady_clock::now() - begin < 10s);
  // All of them are either in the pipe or counted.
  std::string got(1 << 20, '\0');
  const ssize_t size = ::read(reader.get(), got.data(), got.size());
  REQUIRE(size > 0);
  got.resize(static_cast<size_t>(size));
  CHECK(lines_of(got) + log.dropped() == kMany);
}

TEST_CASE("a reader that comes back is told how much it has missed") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  Descriptor reader(ends[0]);
  const Descriptor writer(ends[1]);
  AccessLog log(LineOutput::standard(writer.get()), AccessStyle::kJson);
  for (int i = 0; i < 100'000; ++i) log.add(entry("/" + std::string(100, 'x')));
  REQUIRE(log.dropped() > 0);
  std::string got;
  std::string piece(1 << 20, '\0');
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (got.find("\"dropped\":") == std::string::npos && std::chrono::steady_clock::now() < until) {
    const ssize_t size = ::read(reader.get(), piece.data(), piece.size());
    if (size > 0) got.append(piece, 0, static_cast<size_t>(size));
    log.add(entry("/later"));
  }
  CHECK(got.find("\"dropped\":") != std::string::npos);
}
