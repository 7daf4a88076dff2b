// SPDX-License-Identifier: Apache-2.0
#include "serve/metrics.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace berth;
using namespace berth::serve;
using namespace std::chrono_literals;

namespace {

std::string text_of(const std::vector<ModuleFigures>& modules) {
  return metrics_text(families(modules, {}, {.version = "1", .engine = "2", .connections = 3}));
}

ModuleFigures one_request(std::string name) {
  host::Counters counters{};
  host::count(counters, {.status = 200, .duration = 300us, .received_bytes = 5});
  return {.name = std::move(name), .counted = host::read(counters), .memory = {.limit_bytes = 64 << 20}};
}

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("a request is in each bucket that holds it, and in the sum") {
  const std::string text = text_of({one_request("web.wasm")});
  const std::string name = "berth_http_request_duration_seconds";
  CHECK(has_line(text, name + "_bucket{module=\"web.wasm\",le=\"0.00025\"} 0"));
  CHECK(has_line(text, name + "_bucket{module=\"web.wasm\",le=\"0.0005\"} 1"));
  CHECK(has_line(text, name + "_bucket{module=\"web.wasm\",le=\"10\"} 1"));
  CHECK(has_line(text, name + "_bucket{module=\"web.wasm\",le=\"+Inf\"} 1"));
  CHECK(has_line(text, name + "_sum{module=\"web.wasm\"} 0.0003"));
  CHECK(has_line(text, name + "_count{module=\"web.wasm\"} 1"));
  CHECK(has_line(text, "berth_http_requests_total{module=\"web.wasm\",code=\"2xx\"} 1"));
  CHECK(has_line(text, "berth_memory_limit_bytes{module=\"web.wasm\"} 67108864"));
  CHECK(has_line(text, "berth_limit_hits_total{module=\"web.wasm\",limit=\"cpu-time\"} 0"));
}

TEST_CASE("each family has its help and type once, before its samples") {
  const std::string text = text_of({one_request("a.wasm"), one_request("b.wasm")});
  const std::string head = "# TYPE berth_instances gauge\n";
  const size_t at = text.find(head);
  REQUIRE(at != std::string::npos);
  CHECK(text.find(head, at + 1) == std::string::npos);
  CHECK(text.substr(at + head.size()).starts_with("berth_instances{module=\"a.wasm\"} 0\nberth_instances{"));
}

TEST_CASE("a module's name can't end its label") {
  const std::string text = text_of({one_request("a\"} 1\nevil{x=\"\\.wasm")});
  CHECK(text.find("\nevil") == std::string::npos);
  CHECK(text.find("{module=\"a\\\"} 1\\\\x0aevil{x=\\\"\\\\.wasm\"}") != std::string::npos);
}

TEST_CASE("content is told by source, a gateway by its host, and of modules that had some") {
  ModuleFigures module = one_request("web.wasm");
  module.content = {.store_blocks = 2,
                    .store_bytes = 20,
                    .came = {{.from = "https://a.example:8443/token/secret",
                              .requests = 3,
                              .answers = 1,
                              .blocks = 5,
                              .bytes = 50,
                              .first_byte_seconds = 0.5,
                              .seconds = 2,
                              .lies = 1,
                              .dropped = "wrong"},
                             {.from = "https://a.example:8443/other", .blocks = 1, .bytes = 7, .dropped = {}},
                             {.from = content::Tally::kOthers, .blocks = 9, .dropped = {}}}};
  const std::string text = text_of({module, one_request("none.wasm")});
  CHECK(has_line(text, "berth_content_bytes_total{module=\"web.wasm\",source=\"this machine\"} 20"));
  CHECK(has_line(text, "berth_content_bytes_total{module=\"web.wasm\",source=\"a.example:8443\"} 57"));
  CHECK(has_line(text, "berth_content_blocks_total{module=\"web.wasm\",source=\"other gateways\"} 9"));
  CHECK(has_line(text, "berth_content_requests_total{module=\"web.wasm\",source=\"a.example:8443\"} 3"));
  CHECK(has_line(text, "berth_content_answers_total{module=\"web.wasm\",source=\"a.example:8443\"} 1"));
  CHECK(has_line(
      text, "berth_content_first_byte_seconds_total{module=\"web.wasm\",source=\"a.example:8443\"} 0.5"));
  CHECK(
      has_line(text, "berth_content_receive_seconds_total{module=\"web.wasm\",source=\"a.example:8443\"} 2"));
  CHECK(has_line(text, "berth_content_wrong_answers_total{module=\"web.wasm\",source=\"a.example:8443\"} 1"));
  CHECK_FALSE(text.contains("secret"));
  CHECK_FALSE(text.contains("berth_content_bytes_total{module=\"none.wasm\""));
  CHECK_FALSE(text_of({one_request("none.wasm")}).contains("berth_content"));
}

TEST_CASE("events are told by kind, of modules that told any") {
  ModuleFigures module = one_request("web.wasm");
  module.told = {.info = 1, .errors = 2, .jobs_completed = 3, .dropped = 4};
  const std::string text = text_of({module, one_request("none.wasm")});
  CHECK(has_line(text, "berth_activity_events_total{module=\"web.wasm\",kind=\"error\"} 2"));
  CHECK(has_line(text, "berth_activity_events_total{module=\"web.wasm\",kind=\"job-completed\"} 3"));
  CHECK(has_line(text, "berth_activity_events_total{module=\"web.wasm\",kind=\"dropped\"} 4"));
  CHECK_FALSE(text.contains("berth_activity_events_total{module=\"none.wasm\""));
}
