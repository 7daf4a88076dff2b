// SPDX-License-Identifier: Apache-2.0
#include "policy/limits.h"

#include <doctest/doctest.h>

#include <random>

using namespace berth;
using namespace berth::policy;
using namespace std::chrono_literals;

namespace {

Limits with(std::initializer_list<std::pair<const char*, const char*>> values) {
  Limits limits;
  for (auto [name, value] : values) REQUIRE(set_limit(limits, name, value).has_value());
  return limits;
}

std::string problem_of(std::string_view name, std::string_view value) {
  Limits limits;
  auto set = set_limit(limits, name, value);
  CHECK(limits == Limits{});
  return set ? "no problem" : set.error().message;
}

}  // namespace

TEST_CASE("each limit is set by its name and shown as it was written") {
  for (const LimitName& limit : limit_names()) {
    CAPTURE(limit.name);
    Limits limits;
    REQUIRE(set_limit(limits, limit.name, limit.example));
    auto text = limit_text(limits, limit.name);
    REQUIRE(text);
    Limits again;
    REQUIRE(set_limit(again, limit.name, *text));
    CHECK(again == limits);
    CHECK(again != Limits{});
  }
}

TEST_CASE("limits have the values that people mean") {
  Limits limits = with({{"memory", "64MiB"},
                        {"cpu.time", "2s"},
                        {"cpu.fuel", "5M"},
                        {"cpu.share", "12.5%"},
                        {"network.connection-rate", "600/min"},
                        {"network.rate", "1MiB/s"},
                        {"network.daily", "10GB/day"},
                        {"queue", "0"}});
  CHECK(limits.memory_bytes == uint64_t{64} << 20);
  CHECK(limits.cpu_time == 2s);
  CHECK(limits.cpu_fuel == 5'000'000);
  CHECK(limits.cpu_share_basis_points == 1250);
  CHECK(limits.network_bytes_per_second == uint64_t{1} << 20);
  CHECK(limits.network_bytes_per_day == 10'000'000'000);
  CHECK(limits.queue == 0);
  CHECK_FALSE(limits.wall);
  CHECK(to_text(with({{"memory", "64MiB"}, {"cpu.share", "150%"}})) == "memory 64MiB\ncpu.share 150%\n");
}

TEST_CASE("a wrong limit says which, and why") {
  CHECK(problem_of("memory", "64mb").starts_with("cannot set limit 'memory' to '64mb': '64mb' has no unit"));
  CHECK(problem_of("memory", "0MiB")
            .ends_with("zero leaves nothing to run with, leave the limit out or raise it"));
  CHECK(problem_of("cpu.time", "0s").contains("zero"));
  CHECK(problem_of("instances", "0").contains("zero"));
  CHECK(problem_of("cpu.tme", "1s") == "'cpu.tme' is not a limit, did you mean 'cpu.time'");
  CHECK(problem_of("colour", "1").starts_with("'colour' is not a limit; there are memory, cpu.time"));
  for (const char* bad :
       {"20", "%", "0%", "-1%", "20.%", ".5%", "1.234%", "100001%", "99999999999999%", "2 0%", "20%%"}) {
    CAPTURE(bad);
    CHECK(problem_of("cpu.share", bad) != "no problem");
  }
}

TEST_CASE("of two limits the smaller one counts, and one alone is kept") {
  Limits left = with({{"memory", "64MiB"}, {"wall", "1s"}});
  Limits right = with({{"memory", "32MiB"}, {"queue", "5"}});
  CHECK(minimum(left, right) == with({{"memory", "32MiB"}, {"wall", "1s"}, {"queue", "5"}}));
  CHECK(minimum(left, Limits{}) == left);
}

TEST_CASE("combining limits never raises one, in any order") {
  std::mt19937_64 random(5);
  auto any = [&] {
    Limits limits;
    for (const LimitName& limit : limit_names()) {
      bool time = limit.name == "wall" || limit.name.ends_with(".time");
      bool share = limit.name == "cpu.share";
      bool bytes = limit.example.contains('B');
      std::string value = std::to_string(1 + random() % 50) + (time ? "ms" : share ? "%" : bytes ? "B" : "");
      if (random() % 2 == 0) REQUIRE(set_limit(limits, limit.name, value));
    }
    return limits;
  };
  for (int i = 0; i < 1000; ++i) {
    Limits a = any();
    Limits b = any();
    Limits c = any();
    Limits both = minimum(a, b);
    CHECK(both == minimum(b, a));
    CHECK(minimum(both, c) == minimum(a, minimum(b, c)));
    CHECK(minimum(both, a) == both);
    CHECK(minimum(a, a) == a);
  }
}
