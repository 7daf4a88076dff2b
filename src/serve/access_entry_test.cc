// SPDX-License-Identifier: Apache-2.0
#include "serve/access_entry.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

using namespace berth::serve;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

AccessEntry usual() {
  return {.time = std::chrono::system_clock::time_point(1'700'000'000'123ms),
          .module = "web.wasm",
          .method = "GET",
          .host = "example.com",
          .path = "/a?b=c",
          .peer = "127.0.0.1:4000",
          .trace_id = "",
          .status = 200,
          .received_bytes = 3,
          .sent_bytes = 20,
          .duration = 1500us,
          .cpu_used = 700us,
          .ending = "exited"};
}

std::string json_of(const AccessEntry& entry) {
  std::string text;
  append_json(text, entry);
  return text;
}

std::string pretty_of(const AccessEntry& entry) {
  std::string text;
  append_pretty(text, entry);
  return text;
}

}  // namespace

TEST_CASE("an entry is one JSON object with what is known of the request") {
  CHECK(json::parse(json_of(usual())) == json{{"time", "2023-11-14T22:13:20.123Z"},
                                              {"module", "web.wasm"},
                                              {"method", "GET"},
                                              {"host", "example.com"},
                                              {"path", "/a?b=c"},
                                              {"status", 200},
                                              {"received_bytes", 3},
                                              {"sent_bytes", 20},
                                              {"wall_ns", 1500000},
                                              {"cpu_used_ns", 700000},
                                              {"peer", "127.0.0.1:4000"},
                                              {"ending", "exited"}});
}

TEST_CASE("what only some requests have is said of those") {
  AccessEntry entry = usual();
  entry.queued = 5ms;
  entry.ending = "limited";
  entry.limit = "cpu-time";
  entry.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  entry.span_id = "00f067aa0ba902b7";
  const json value = json::parse(json_of(entry));
  CHECK(value["queued_ns"] == 5'000'000);
  CHECK(value["limit"] == "cpu-time");
  CHECK(value["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736");
  CHECK(value["span_id"] == "00f067aa0ba902b7");
  CHECK(pretty_of(entry).find(" limit: cpu-time trace 4bf92f3577b34da6a3ce929d0e0e4736\n") !=
        std::string::npos);
}

TEST_CASE("whatever a client or a guest says stays within one line and commands no terminal") {
  for (const std::string& hostile :
       {std::string("/\n{\"status\":500}\n"), std::string("/\x1b[2J\x07"), std::string("/\"\\\""),
        std::string("/\xff\xfe\x00nul", 7), std::string("/\xe2\x80\xae drow"), std::string("/\r\x85\x7f"),
        std::string(100'000, '"')}) {
    CAPTURE(hostile);
    AccessEntry entry = usual();
    entry.path = entry.host = entry.method = entry.module = entry.reason = hostile;
    entry.ending = "trapped";
    for (const std::string& line : {json_of(entry), pretty_of(entry)}) {
      CHECK(std::ranges::count(line, '\n') == 1);
      CHECK(line.ends_with('\n'));
      CHECK(line.size() < 10'000);
      CHECK(std::ranges::none_of(line.substr(0, line.size() - 1),
                                 [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }));
      CHECK(line.find("\xe2\x80\xae") == std::string::npos);
    }
    CHECK(json::parse(json_of(entry))["status"] == 200);
  }
}

TEST_CASE("how many are left out is a line like others") {
  std::string text;
  append_json_dropped(text, usual().time, 12);
  CHECK(json::parse(text) == json{{"time", "2023-11-14T22:13:20.123Z"}, {"dropped", 12}});
}
