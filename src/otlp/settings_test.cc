// SPDX-License-Identifier: Apache-2.0
#include "otlp/settings.h"

#include <doctest/doctest.h>

#include <map>

using namespace berth::otlp;
using namespace std::chrono_literals;

namespace {

using Environment = std::map<std::string, std::string>;

auto read(const Environment& environment) {
  return read_settings([&](const char* name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    if (found == environment.end()) return std::nullopt;
    return found->second;
  });
}

Settings settings(const Environment& environment) {
  const auto got = read(environment);
  REQUIRE(got.has_value());
  REQUIRE(got->has_value());
  return **got;
}

std::string error(const Environment& environment) {
  const auto got = read(environment);
  return got ? "" : got.error().message;
}

bool nothing(const Environment& environment) {
  const auto got = read(environment);
  return got && !got->has_value();
}

const std::pair<const std::string, std::string> kEndpoint{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/"};

}  // namespace

TEST_CASE("nothing is exported unless a collector or an exporter is named") {
  CHECK(nothing({}));
  CHECK(nothing({{"OTEL_SERVICE_NAME", "shop"}, {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}}));
  CHECK(nothing({{"OTEL_EXPORTER_OTLP_ENDPOINT", " "}}));
  CHECK(nothing({kEndpoint, {"OTEL_SDK_DISABLED", "True"}}));
  CHECK(nothing({{"OTEL_TRACES_EXPORTER", "none"}}));
}

TEST_CASE("an endpoint is for all signals, and each may have its own, as it is written") {
  const Settings all = settings({kEndpoint});
  CHECK(all.of(Signal::kTraces)->url == "http://c:4318/v1/traces");
  CHECK(all.of(Signal::kMetrics)->url == "http://c:4318/v1/metrics");
  CHECK(all.of(Signal::kLogs)->url == "http://c:4318/v1/logs");
  const Settings one = settings({{"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "https://l/in/"}});
  CHECK(one.of(Signal::kLogs)->url == "https://l/in/");
  CHECK_FALSE(one.of(Signal::kTraces).has_value());
  const Settings named = settings({{"OTEL_TRACES_EXPORTER", "otlp"}});
  CHECK(named.of(Signal::kTraces)->url == "http://localhost:4318/v1/traces");
  const Settings less = settings({kEndpoint, {"OTEL_METRICS_EXPORTER", "none"}});
  CHECK_FALSE(less.of(Signal::kMetrics).has_value());
}

TEST_CASE("a signal's own variable comes before the one of all") {
  const Settings got = settings({kEndpoint,
                                 {"OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20x, team = a%2Cb"},
                                 {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x=1"},
                                 {"OTEL_EXPORTER_OTLP_TIMEOUT", "2500"},
                                 {"OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "gzip"}});
  CHECK(got.of(Signal::kTraces)->headers == Pairs{{"x", "1"}});
  CHECK(got.of(Signal::kLogs)->headers == Pairs{{"authorization", "Bearer x"}, {"team", "a,b"}});
  CHECK(got.of(Signal::kLogs)->timeout == 2500ms);
  CHECK(got.of(Signal::kLogs)->gzip);
  CHECK_FALSE(got.of(Signal::kTraces)->gzip);
}

TEST_CASE("a service has the name that is nearest") {
  const auto named = [](const Environment& more) {
    Environment all{kEndpoint};
    all.insert(more.begin(), more.end());
    const Pairs resource = settings(all).resource;
    for (const auto& [key, value] : resource) {
      if (key == "service.name") return value;
    }
    return std::string();
  };
  CHECK(named({}) == "unknown_service:berth");
  CHECK(named({{"OTEL_RESOURCE_ATTRIBUTES", "a=b,service.name=r"}}) == "r");
  CHECK(named({{"OTEL_RESOURCE_ATTRIBUTES", "service.name=r"}, {"OTEL_SERVICE_NAME", "s"}}) == "s");
}

TEST_CASE("a URL is shown without its secrets") {
  CHECK(shown("http://c:4318/v1/traces") == "http://c:4318/v1/traces");
  CHECK(shown("https://me:secret@c/v1?key=secret") == "https://c/v1");
  CHECK(shown("me:secret@c") == "c");
}

TEST_CASE("samplers are read by their names") {
  const auto sampler = [](const std::string& name, const std::string& argument = "") {
    return settings({kEndpoint, {"OTEL_TRACES_SAMPLER", name}, {"OTEL_TRACES_SAMPLER_ARG", argument}})
        .sampling;
  };
  CHECK(sampler("").by_parent);
  CHECK(sampler("").part == 1);
  CHECK(sampler("parentbased_always_off").part == 0);
  CHECK(sampler("parentbased_traceidratio", "0.25").by_parent);
  CHECK(sampler("traceidratio", "0.25").part == 0.25);
  CHECK_FALSE(sampler("traceidratio", "0.25").by_parent);
  CHECK(sampler("traceidratio").part == 1);
}

TEST_CASE("a value that makes no sense is an error that names its variable, and never shows it") {
  for (const auto& [name, value] :
       Environment{{"OTEL_SDK_DISABLED", "secret"},
                   {"OTEL_TRACES_EXPORTER", "secret"},
                   {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"},
                   {"OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "http/json"},
                   {"OTEL_EXPORTER_OTLP_HEADERS", "secret"},
                   {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=secret%2"},
                   {"OTEL_EXPORTER_OTLP_TIMEOUT", "10s"},
                   {"OTEL_EXPORTER_OTLP_COMPRESSION", "secret"},
                   {"OTEL_EXPORTER_OTLP_CLIENT_KEY", "/secret"},
                   {"OTEL_RESOURCE_ATTRIBUTES", "secret"},
                   {"OTEL_TRACES_SAMPLER", "secret"},
                   {"OTEL_BSP_SCHEDULE_DELAY", "-1"},
                   {"OTEL_BSP_MAX_QUEUE_SIZE", "100"},
                   {"OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "0"},
                   {"OTEL_METRIC_EXPORT_INTERVAL", "1.5"},
                   {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta"}}) {
    CAPTURE(name);
    const std::string said = error({kEndpoint, {name, value}});
    const bool batch = name == "OTEL_BSP_MAX_QUEUE_SIZE";  // a batch is larger then
    CHECK(said.starts_with(batch ? "OTEL_BSP_MAX_EXPORT_BATCH_SIZE: " : name + ": "));
    CHECK(said.find("secret") == std::string::npos);
  }
  CHECK(error({kEndpoint, {"OTEL_TRACES_SAMPLER", "traceidratio"}, {"OTEL_TRACES_SAMPLER_ARG", "2"}}) != "");
  CHECK(error({kEndpoint, {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}}).find("http/protobuf") !=
        std::string::npos);
}
