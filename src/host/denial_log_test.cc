// SPDX-License-Identifier: Apache-2.0
#include "host/denial_log.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "base/testing.h"

namespace berth::host {
namespace {

namespace fs = std::filesystem;

/// A log in a folder of the test's own.
class Scratch : public TestFolder {
 public:
  DenialLog log() const {
    return DenialLog(at("state"));
  }
  std::string file() const {
    return at("state/denials/denials.jsonl");
  }
};

DenialRecord refused(std::string target) {
  return {.unix_seconds = 1'700'000'000,
          .module = "m.wasm",
          .digest = "sha256:00",
          .denials = {{.capability = "files",
                       .operation = "stat",
                       .target = std::move(target),
                       .rule = "no grant covers it",
                       .suggestion = "files /etc:/etc:ro",
                       .line = "denied: …",
                       .count = 2,
                       .probe = true}},
          .unlisted = 3};
}

}  // namespace

TEST_CASE("what was refused is read back as it was") {
  const Scratch scratch;
  REQUIRE(scratch.log().append(refused("/etc/passwd")).has_value());
  const auto records = scratch.log().read().value();
  REQUIRE(records.size() == 1);
  CHECK(records[0].module == "m.wasm");
  CHECK(records[0].denials == refused("/etc/passwd").denials);
  CHECK(records[0].unlisted == 3);
}

TEST_CASE("a log that isn't there is empty") {
  CHECK(Scratch().log().read().value().empty());
}

TEST_CASE("a line that was cut off, or is nonsense, hides no other") {
  const Scratch scratch;
  REQUIRE(scratch.log().append(refused("/a")).has_value());
  std::ofstream(scratch.file(), std::ios::app)
      << "{\"time\": 1, \"denials\": [{\n[1,2]\n{\"denials\": [3, {}]}\n";
  REQUIRE(scratch.log().append(refused("/b")).has_value());
  const auto records = scratch.log().read().value();
  CHECK(records.front().denials[0].target == "/a");
  CHECK(records.back().denials[0].target == "/b");
}

TEST_CASE("bytes that are not text don't break the log") {
  const Scratch scratch;
  REQUIRE(scratch.log().append(refused("/\xff\xfe")).has_value());
  CHECK(scratch.log().read()->size() == 1);
}

TEST_CASE("a log that has grown makes place and keeps the older lines once") {
  const Scratch scratch;
  REQUIRE(scratch.log().append(refused("/old")).has_value());
  fs::resize_file(scratch.file(), DenialLog::kLargest + 1);
  REQUIRE(scratch.log().append(refused("/new")).has_value());
  CHECK(fs::file_size(scratch.file()) < 4096);
  CHECK(scratch.log().read()->back().denials[0].target == "/new");
}

}  // namespace berth::host
