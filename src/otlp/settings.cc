// SPDX-License-Identifier: Apache-2.0
#include "otlp/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/text_codes.h"
#include "policy/split.h"

namespace berth::otlp {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kDefaultBase = "http://localhost:4318";

std::unexpected<Error> wrong(std::string_view name, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", name, why));
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

std::string upper(std::string_view text) {
  std::string all(text);
  std::ranges::transform(all, all.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return all;
}

/// A variable, and what it is called.
struct Named {
  std::string name;
  std::string value;
};

class Reader {
 public:
  explicit Reader(const Variables& variables) : variables_(variables) {}

  std::optional<Named> get(std::string name) const {
    auto value = variables_(name.c_str());
    if (!value) return std::nullopt;
    const std::string_view plain = policy::trimmed(*value);
    if (plain.empty()) return std::nullopt;
    return Named{.name = std::move(name), .value = std::string(plain)};
  }

  /// Of the signal, or else of all of them: OTEL_EXPORTER_OTLP_TRACES_TIMEOUT, OTEL_EXPORTER_OTLP_TIMEOUT.
  std::optional<Named> get(Signal signal, std::string_view what) const {
    auto own = get(fmt::format("OTEL_EXPORTER_OTLP_{}_{}", upper(name_of(signal)), what));
    return own ? own : get(fmt::format("OTEL_EXPORTER_OTLP_{}", what));
  }

 private:
  const Variables& variables_;
};

Result<uint64_t> number(const Named& variable, uint64_t least) {
  uint64_t value = 0;
  const char* const end = variable.value.data() + variable.value.size();
  const auto [at, error] = std::from_chars(variable.value.data(), end, value);
  constexpr uint64_t kMost = 1'000'000'000;
  if (error != std::errc{} || at != end || value < least || value > kMost)
    return wrong(variable.name, fmt::format("it has to be a whole number from {} to {}", least, kMost));
  return value;
}

Result<void> read_number(const Reader& reader, std::string name, uint64_t& into) {
  if (const auto variable = reader.get(std::move(name))) into = BERTH_TRY(number(*variable, 1));
  return {};
}

Result<void> read_time(const std::optional<Named>& variable, milliseconds& into) {
  if (variable) into = milliseconds(BERTH_TRY(number(*variable, 1)));
  return {};
}

Result<bool> is_disabled(const Reader& reader) {
  const auto variable = reader.get("OTEL_SDK_DISABLED");
  if (!variable) return false;
  const std::string value = lower(variable->value);
  if (value != "true" && value != "false") return wrong(variable->name, "it has to be true or false");
  return value == "true";
}

/// "key=value,key2=value2", percent-encoded.
Result<Pairs> pairs_of(const Named& variable) {
  const auto broken = [&] {
    return wrong(variable.name, "it has to be NAME=VALUE,NAME2=VALUE2, with % and , written as %25 and %2C");
  };
  Pairs pairs;
  for (const std::string_view one : policy::split(variable.value, ',')) {
    if (policy::trimmed(one).empty()) continue;
    const auto parts = policy::cut(one, "=");
    if (!parts) return broken();
    auto key = from_percent(policy::trimmed(parts->first));
    auto value = from_percent(policy::trimmed(parts->second));
    if (!key || key->empty() || !value) return broken();
    pairs.emplace_back(*std::move(key), *std::move(value));
  }
  return pairs;
}

Result<bool> is_exported(const Reader& reader, Signal signal) {
  const auto exporter = reader.get(fmt::format("OTEL_{}_EXPORTER", upper(name_of(signal))));
  if (!exporter) return reader.get(signal, "ENDPOINT").has_value();
  const std::string value = lower(exporter->value);
  if (value != "otlp" && value != "none")
    return wrong(exporter->name, "berth has otlp and none, one of the two");
  return value == "otlp";
}

std::string url_of(const Reader& reader, Signal signal) {
  if (auto own = reader.get(fmt::format("OTEL_EXPORTER_OTLP_{}_ENDPOINT", upper(name_of(signal)))))
    return own->value;
  const auto base = reader.get("OTEL_EXPORTER_OTLP_ENDPOINT");
  std::string url(base ? std::string_view(base->value) : kDefaultBase);
  while (url.ends_with('/')) url.pop_back();
  return fmt::format("{}/v1/{}", url, name_of(signal));
}

/// What berth doesn't do has to be said before it is taken for done.
Result<void> refuse_others(const Reader& reader, Signal signal) {
  const auto protocol = reader.get(signal, "PROTOCOL");
  if (protocol && protocol->value != "http/protobuf")
    return wrong(protocol->name,
                 "berth speaks http/protobuf: set it to that, and the endpoint to the collector's port for "
                 "HTTP, usually 4318");
  for (const std::string_view what : {"CLIENT_KEY", "CLIENT_CERTIFICATE"}) {
    if (const auto given = reader.get(signal, what))
      return wrong(given->name,
                   "berth shows no certificate to a collector: unset it, and set a header instead");
  }
  return {};
}

Result<Destination> destination(const Reader& reader, Signal signal) {
  BERTH_TRY_VOID(refuse_others(reader, signal));
  Destination to{.url = url_of(reader, signal)};
  if (const auto headers = reader.get(signal, "HEADERS")) to.headers = BERTH_TRY(pairs_of(*headers));
  if (const auto file = reader.get(signal, "CERTIFICATE")) to.roots_file = file->value;
  BERTH_TRY_VOID(read_time(reader.get(signal, "TIMEOUT"), to.timeout));
  if (const auto compression = reader.get(signal, "COMPRESSION")) {
    if (compression->value != "gzip" && compression->value != "none")
      return wrong(compression->name, "it has to be gzip or none");
    to.gzip = compression->value == "gzip";
  }
  return to;
}

Result<double> part_of(const Reader& reader) {
  const auto argument = reader.get("OTEL_TRACES_SAMPLER_ARG");
  if (!argument) return 1;
  double part = 0;
  const char* const end = argument->value.data() + argument->value.size();
  const auto [at, error] = std::from_chars(argument->value.data(), end, part);
  if (error != std::errc{} || at != end || !(part >= 0 && part <= 1))
    return wrong(argument->name, "it has to be a number from 0 to 1, the part of the traces to sample");
  return part;
}

Result<Sampling> sampling(const Reader& reader) {
  const auto variable = reader.get("OTEL_TRACES_SAMPLER");
  if (!variable) return Sampling{};
  constexpr std::string_view kByParent = "parentbased_";
  std::string_view kind = variable->value;
  Sampling chosen{.by_parent = kind.starts_with(kByParent)};
  if (chosen.by_parent) kind.remove_prefix(kByParent.size());
  if (kind == "traceidratio") {
    chosen.part = BERTH_TRY(part_of(reader));
  } else if (kind == "always_off") {
    chosen.part = 0;
  } else if (kind != "always_on") {
    return wrong(variable->name,
                 "it has to be always_on, always_off or traceidratio, each also with parentbased_ before it");
  }
  return chosen;
}

Result<void> gathering(const Reader& reader, std::string_view prefix, Gathering& into) {
  const auto name = [&](std::string_view what) { return fmt::format("OTEL_{}_{}", prefix, what); };
  BERTH_TRY_VOID(read_time(reader.get(name("SCHEDULE_DELAY")), into.delay));
  BERTH_TRY_VOID(read_time(reader.get(name("EXPORT_TIMEOUT")), into.patience));
  BERTH_TRY_VOID(read_number(reader, name("MAX_QUEUE_SIZE"), into.most_waiting));
  BERTH_TRY_VOID(read_number(reader, name("MAX_EXPORT_BATCH_SIZE"), into.batch));
  if (into.batch > into.most_waiting)
    return wrong(name("MAX_EXPORT_BATCH_SIZE"), fmt::format("it can't be more than {}, which is {}",
                                                            name("MAX_QUEUE_SIZE"), into.most_waiting));
  return {};
}

Result<void> metrics(const Reader& reader, Settings& into) {
  BERTH_TRY_VOID(read_time(reader.get("OTEL_METRIC_EXPORT_INTERVAL"), into.metrics_interval));
  BERTH_TRY_VOID(read_time(reader.get("OTEL_METRIC_EXPORT_TIMEOUT"), into.metrics_patience));
  const auto temporality = reader.get("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE");
  if (temporality && lower(temporality->value) != "cumulative")
    return wrong(temporality->name, "berth counts from its start, which is called cumulative");
  const auto histogram = reader.get("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION");
  if (histogram && lower(histogram->value) != "explicit_bucket_histogram")
    return wrong(histogram->name, "berth has explicit_bucket_histogram");
  return {};
}

Result<Pairs> resource(const Reader& reader) {
  Pairs all;
  if (const auto attributes = reader.get("OTEL_RESOURCE_ATTRIBUTES")) all = BERTH_TRY(pairs_of(*attributes));
  const auto is_name = [](const auto& pair) { return pair.first == "service.name"; };
  if (const auto name = reader.get("OTEL_SERVICE_NAME")) {
    std::erase_if(all, is_name);
    all.emplace_back("service.name", name->value);
  }
  // As the specification has it for who says nothing.
  if (std::ranges::none_of(all, is_name)) all.emplace_back("service.name", "unknown_service:berth");
  return all;
}

}  // namespace

std::string shown(std::string_view url) {
  url = url.substr(0, url.find('?'));
  const size_t scheme = url.find("://");
  const size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const size_t at = url.substr(0, url.find('/', host)).rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  return std::string(url.substr(0, host)) + std::string(url.substr(at + 1));
}

std::string_view name_of(Signal signal) {
  constexpr std::array<std::string_view, kSignals.size()> kNames{"traces", "metrics", "logs"};
  return kNames[static_cast<size_t>(signal)];
}

Result<std::optional<Settings>> read_settings(const Variables& variables) {
  const Reader reader(variables);
  if (BERTH_TRY(is_disabled(reader))) return std::nullopt;
  Settings settings;
  bool any = false;
  for (const Signal signal : kSignals) {
    if (!BERTH_TRY(is_exported(reader, signal))) continue;
    settings.to[static_cast<size_t>(signal)] = BERTH_TRY(destination(reader, signal));
    any = true;
  }
  if (!any) return std::nullopt;
  settings.resource = BERTH_TRY(resource(reader));
  if (settings.of(Signal::kTraces)) {
    settings.sampling = BERTH_TRY(sampling(reader));
    BERTH_TRY_VOID(gathering(reader, "BSP", settings.traces));
  }
  if (settings.of(Signal::kLogs)) BERTH_TRY_VOID(gathering(reader, "BLRP", settings.logs));
  if (settings.of(Signal::kMetrics)) BERTH_TRY_VOID(metrics(reader, settings));
  return settings;
}

}  // namespace berth::otlp
