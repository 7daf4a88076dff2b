// SPDX-License-Identifier: Apache-2.0
// What modules in a program tell their owner (tests/guests/rust/teller).

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "base/testing.h"
#include "berth/berth.h"

namespace {

const char* guest_path() {
  const char* const path = std::getenv("BERTH_TELLER_GUEST");
  REQUIRE_MESSAGE(path != nullptr, "BERTH_TELLER_GUEST names the module: build/guests/teller.wasm");
  return path;
}

/// A program that runs the teller, and what was written.
struct Program {
  Program() {
    std::ofstream(folder.at("host.toml")) << owner;
    host = berth::Host::create({.owner_file = folder.at("host.toml")}).value();
    module = host->load(guest_path()).value();
  }

  void run(berth::InstanceOptions options) {
    CHECK(module->instantiate(options).value()->run() == 0);
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    std::ifstream file(folder.at("events"));
    for (std::string line; std::getline(file, line);) all.push_back(line);
    return all;
  }

  static constexpr const char* owner = "";
  berth::TestFolder folder;
  std::shared_ptr<berth::Host> host;
  std::shared_ptr<berth::Module> module;
};

}  // namespace

TEST_CASE("a program says where what its modules tell is written") {
  Program program;
  for (int i = 0; i < 2; ++i)
    program.run({.arguments = {"info", "found", "job"}, .activity = program.folder.at("events")});
  const auto lines = program.lines();
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].contains("\"kind\":\"info\",\"module\":\"teller.wasm\",\"message\":\"found\""));
  CHECK(lines[3].contains("\"kind\":\"job-completed\",\"module\":\"teller.wasm\",\"jobs\":1"));
}

TEST_CASE("a program's no holds for what its modules tell, and it hears of each") {
  Program program;
  std::vector<std::string> heard;
  program.run({.grants = {"stdio out"},
               .arguments = {"info", "found", "job"},
               .activity = program.folder.at("events"),
               .decide = [](const berth::Question& asked) -> berth::Result<void> {
                 if (asked.target != "info") return {};
                 return std::unexpected(
                     berth::Error{.code = berth::ErrorCode::kDenied, .message = "no infos"});
               },
               .audit =
                   [&](const berth::Question& asked, const berth::Verdict& verdict) {
                     heard.push_back(std::string(asked.capability) + " " + std::string(asked.target) +
                                     (verdict.allowed ? "" : " no"));
                   }});
  REQUIRE(program.lines().size() == 1);
  CHECK(program.lines()[0].contains("job-completed"));
  CHECK(std::ranges::find(heard, "activity info no") != heard.end());
}

TEST_CASE("without a place nothing is written, and the module goes on") {
  Program program;
  program.run({.grants = {"stdio out", "activity info"}, .arguments = {"info", "found"}});
  CHECK(program.lines().empty());
}
