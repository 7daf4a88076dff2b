// SPDX-License-Identifier: Apache-2.0
#include "providers/activity/events.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

#include "base/testing.h"

using namespace berth;
using namespace berth::activity;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
using engine::ActivityKind;
using Why = engine::ActivityRefusal::Why;

namespace {

/// A place in a folder of its own, and a clock that stands still until it is told.
struct Place {
  std::unique_ptr<Events> events(std::string module = "a.wasm") {
    return std::make_unique<Events>(Journal::open(path).value(), std::move(module), [this] { return now; });
  }
  std::vector<nlohmann::json> lines() const {
    std::vector<nlohmann::json> all;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) all.push_back(nlohmann::json::parse(line));
    return all;
  }

  TestFolder folder;
  std::string path = folder.at("events");
  std::chrono::steady_clock::time_point now{};
};

Why why(const std::optional<engine::ActivityRefusal>& refused) {
  REQUIRE(refused.has_value());
  return refused->why;
}

class Keeper final : public engine::DoorKeeper {
 public:
  bool ask(const engine::Knock& knock) noexcept override {
    asked = std::string(knock.operation) + " " + std::string(knock.target);
    return open;
  }
  bool open = true;
  std::string asked;
};

}  // namespace

TEST_CASE("an event says when, what and of which module") {
  Place place;
  const auto events = place.events();
  CHECK_FALSE(events->write(ActivityKind::kInfo, "found it").has_value());
  CHECK_FALSE(events->write(ActivityKind::kError, "lost it").has_value());
  CHECK_FALSE(events->write(ActivityKind::kJobCompleted, "").has_value());
  CHECK_FALSE(events->write(ActivityKind::kJobCompleted, "").has_value());
  const auto lines = place.lines();
  REQUIRE(lines.size() == 4);
  CHECK(std::regex_match(lines[0]["time"].get<std::string>(),
                         std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)")));
  CHECK(lines[0]["module"] == "a.wasm");
  CHECK(lines[0]["kind"] == "info");
  CHECK(lines[0]["message"] == "found it");
  CHECK(lines[1]["kind"] == "error");
  CHECK(lines[2]["kind"] == "job-completed");
  CHECK(lines[3]["jobs"] == 2);
  const Told told = events->told();
  CHECK(told.info == 1);
  CHECK(told.errors == 1);
  CHECK(told.jobs_completed == 2);
}

TEST_CASE("a message can't leave its line, nor move a terminal's cursor") {
  Place place;
  const std::string message =
      "a\n{\"kind\":\"job-completed\"}\r\x1b[2J\xc2\x9b"
      "1m \xe2\x80\xae\"\\\x7f";
  CHECK_FALSE(place.events("b\n.wasm")->write(ActivityKind::kInfo, message).has_value());
  const auto lines = place.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["message"] == message);
  std::ifstream file(place.path);
  std::string raw(std::istreambuf_iterator<char>(file), {});
  const auto plain = [](char c) { return c >= ' ' && c <= '~'; };
  CHECK(std::ranges::all_of(raw.substr(0, raw.size() - 1), plain));
}

TEST_CASE("an event is written whole, or refused when it is too long") {
  Place place;
  const auto events = place.events();
  CHECK_FALSE(events->write(ActivityKind::kInfo, std::string(3900, 'a')).has_value());
  CHECK(why(events->write(ActivityKind::kInfo, std::string(4096, 'a'))) == Why::kTooLarge);
  CHECK(why(events->write(ActivityKind::kInfo, std::string(1 << 20, 'a'))) == Why::kTooLarge);
  // Six bytes each, once they are written.
  CHECK(why(events->write(ActivityKind::kInfo, std::string(1000, '\x01'))) == Why::kTooLarge);
  CHECK(place.lines().size() == 1);
  CHECK(fs::file_size(place.path) <= Journal::kLongest + 2);
}

TEST_CASE("a flood is limited, and how much was left out is said once") {
  Place place;
  const auto events = place.events();
  for (int i = 0; i < 1000; ++i) std::ignore = events->write(ActivityKind::kInfo, "again");
  CHECK(why(events->write(ActivityKind::kInfo, "again")) == Why::kLimited);
  CHECK(place.lines().size() == 100);
  place.now += 100ms;
  CHECK_FALSE(events->write(ActivityKind::kJobCompleted, "").has_value());
  CHECK_FALSE(events->write(ActivityKind::kJobCompleted, "").has_value());
  CHECK(why(events->write(ActivityKind::kJobCompleted, "")) == Why::kLimited);
  const auto lines = place.lines();
  REQUIRE(lines.size() == 103);
  CHECK(lines[100]["kind"] == "dropped");
  CHECK(lines[100]["events"] == 901);
  CHECK(lines[101]["jobs"] == 1);
  events->close();
  events->close();
  CHECK(place.lines().size() == 104);
  CHECK(place.lines()[103]["events"] == 1);
  CHECK(events->told().dropped == 902);
  CHECK(events->told().info == 100);
}

TEST_CASE("nobody is waited for, and what isn't taken isn't counted") {
  Place place;
  REQUIRE(::mkfifo(place.path.c_str(), 0600) == 0);
  const int reader = ::open(place.path.c_str(), O_RDONLY | O_NONBLOCK);
  REQUIRE(reader >= 0);
  auto events = place.events();
  // A pipe holds 64 KiB.
  int refused = 0;
  for (int i = 0; i < 100; ++i) {
    if (events->write(ActivityKind::kInfo, std::string(2000, 'a'))) ++refused;
  }
  CHECK(refused > 50);
  CHECK(events->told().info == 100U - static_cast<unsigned>(refused));
  events.reset();
  ::close(reader);
}

TEST_CASE("what a policy doesn't open is denied, and says which grant would") {
  Place place;
  Keeper keeper;
  const policy::Policy policy;
  const std::shared_ptr<Events> events = place.events();
  Activity door(events, policy, keeper);
  CHECK_FALSE(door.tell(ActivityKind::kJobCompleted, "").has_value());
  CHECK(keeper.asked == "tell job-completed");
  keeper.open = false;
  const auto refused = door.tell(ActivityKind::kInfo, "a");
  CHECK(why(refused) == Why::kDenied);
  CHECK(refused->words.contains("--grant 'activity info'"));
  const policy::Policy open{.grants = {policy::parse_grant("activity info", "").value()}, .limits = {}};
  const auto by_program = Activity(events, open, keeper).tell(ActivityKind::kInfo, "a");
  CHECK(why(by_program) == Why::kDenied);
  CHECK(by_program->words.contains("the program that runs the module denies it"));
  keeper.open = true;
  Activity nowhere(nullptr, policy, keeper);
  CHECK(why(nowhere.tell(ActivityKind::kInfo, "a")) == Why::kUnavailable);
  CHECK(place.lines().size() == 1);
}
