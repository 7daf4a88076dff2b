// SPDX-License-Identifier: Apache-2.0
#include "cli/serve_otlp.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <random>

#include "base/os/file.h"
#include "base/os/user.h"
#include "cli/options.h"
#include "cli/verb.h"
#include "engine/post.h"
#include "otlp/delivery.h"
#include "otlp/gzip.h"
#include "otlp/outbox.h"
#include "otlp/reporter.h"
#include "otlp/settings.h"
#include "policy/printable.h"
#include "serve/metrics_otlp.h"

namespace berth::cli {
namespace {

using otlp::Signal;

constexpr uint64_t kLargestRoots = 1 << 20;
/// For all that waits at the end, and the answers to it.
constexpr std::chrono::milliseconds kAtTheEnd{5'000};

/// The way of one signal.
struct Way {
  Signal signal;
  std::unique_ptr<engine::Post> post;
  bool machines_roots = false;
  std::unique_ptr<otlp::Delivery> delivery;
};

std::unexpected<Error> about(const otlp::Destination& to, Signal signal, const Error& error) {
  return fail(error.code, fmt::format("{} can't go to {}: {}", otlp::name_of(signal),
                                      policy::quoted(otlp::shown(to.url)), error.message));
}

Result<Way> open_way(const otlp::Destination& to, Signal signal) {
  engine::PostSettings settings{.url = to.url, .headers = to.headers, .roots = {}};
  if (!to.roots_file.empty()) {
    auto roots = read_file(to.roots_file, kLargestRoots);
    if (!roots) return about(to, signal, roots.error());
    if (roots->empty())
      return about(to, signal,
                   {.code = ErrorCode::kInvalidArgument,
                    .message = fmt::format("{} is empty", policy::quoted(to.roots_file))});
    settings.roots = *std::move(roots);
  }
  settings.headers.emplace_back("content-type", "application/x-protobuf");
  settings.headers.emplace_back("user-agent", "berth/" BERTH_VERSION);
  if (to.gzip) settings.headers.emplace_back("content-encoding", "gzip");
  auto post = engine::Post::create(settings);
  if (!post) return about(to, signal, post.error());
  Way way{.signal = signal, .post = *std::move(post), .delivery = nullptr};
  way.machines_roots = way.post->secure() && settings.roots.empty();
  return way;
}

otlp::Send send_by(const engine::Post& post, bool gzip) {
  return [&post, gzip](std::string_view body, std::chrono::nanoseconds most) -> Result<engine::PostAnswer> {
    if (!gzip) return post.send(body, most);
    const std::string packed = otlp::gzipped(body);
    if (packed.empty()) return fail(ErrorCode::kInternal, "there is no memory to pack it");
    return post.send(packed, most);
  };
}

/// This process, among others of its service: a number of chance as RFC 9562 writes it, version 4.
std::string instance_id() {
  std::random_device device;
  std::string text;
  for (const int group : {4, 2, 2, 2, 6}) {
    if (!text.empty()) text += '-';
    for (int i = 0; i < group; ++i) text += fmt::format("{:02x}", device() & 0xff);
  }
  text[14] = '4';
  text[19] = "89ab"[device() & 3];
  return text;
}

otlp::Pairs resource_of(otlp::Pairs resource) {
  const auto add = [&](std::string key, std::string value) {
    const bool there = std::ranges::any_of(resource, [&](const auto& pair) { return pair.first == key; });
    if (!there) resource.emplace_back(std::move(key), std::move(value));
  };
  add("service.instance.id", instance_id());
  add("process.pid", fmt::format("{}", ::getpid()));
  add("telemetry.sdk.name", "berth");
  add("telemetry.sdk.language", "cpp");
  add("telemetry.sdk.version", BERTH_VERSION);
  for (auto& [key, value] : resource) {
    key = policy::printable(key);
    value = policy::printable(value);
  }
  return resource;
}

}  // namespace

struct Otlp::Parts {
  otlp::Settings settings;
  bool secure = false;
  otlp::Envelope envelope;
  std::vector<Way> ways;  // not changed once something is started
  std::unique_ptr<otlp::Outbox> traces, logs;
  std::unique_ptr<otlp::Reporter> metrics;
  std::unique_ptr<serve::Telemetry> telemetry;

  Way* way(Signal signal) {
    const auto found = std::ranges::find(ways, signal, &Way::signal);
    return found == ways.end() ? nullptr : &*found;
  }
};

Otlp::Otlp(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Otlp::~Otlp() = default;

Result<std::unique_ptr<Otlp>> Otlp::open(bool secure) {
  auto settings = BERTH_TRY(otlp::read_settings(environment));
  if (!settings) return nullptr;
  const otlp::Pairs resource = resource_of(settings->resource);
  std::unique_ptr<Parts> parts(new Parts{.settings = *std::move(settings),
                                         .secure = secure,
                                         .envelope = otlp::Envelope(resource, "berth", BERTH_VERSION)});
  for (const Signal signal : otlp::kSignals) {
    if (const auto& to = parts->settings.of(signal)) parts->ways.push_back(BERTH_TRY(open_way(*to, signal)));
  }
  return std::unique_ptr<Otlp>(new Otlp(std::move(parts)));
}

std::vector<host::OwnServer> Otlp::servers() const {
  std::vector<host::OwnServer> all;
  for (const Way& way : parts_->ways)
    all.push_back({.port = way.post->port(), .machines_roots = way.machines_roots});
  return all;
}

serve::Telemetry* Otlp::start(Loop& loop) {
  const otlp::Settings& settings = parts_->settings;
  for (Way& way : parts_->ways) {
    const otlp::Destination& to = *settings.of(way.signal);
    const auto patience = way.signal == Signal::kMetrics  ? settings.metrics_patience
                          : way.signal == Signal::kTraces ? settings.traces.patience
                                                          : settings.logs.patience;
    way.delivery = std::make_unique<otlp::Delivery>(
        otlp::DeliverySettings{.signal = otlp::name_of(way.signal),
                               .url = policy::printable(otlp::shown(to.url)),
                               .timeout = to.timeout,
                               .patience = patience},
        send_by(*way.post, to.gzip),
        [&loop](std::string line) { loop.post([line = std::move(line)] { say(line); }); });
  }
  const auto outbox = [&](Signal signal, const otlp::Gathering& gathering) {
    const Way* const way = parts_->way(signal);
    if (way == nullptr) return std::unique_ptr<otlp::Outbox>();
    return std::make_unique<otlp::Outbox>(parts_->envelope, *way->delivery, gathering);
  };
  parts_->traces = outbox(Signal::kTraces, settings.traces);
  parts_->logs = outbox(Signal::kLogs, settings.logs);
  if (!parts_->traces && !parts_->logs) return nullptr;
  parts_->telemetry =
      std::make_unique<serve::Telemetry>(serve::TelemetrySettings{.sampling = settings.sampling,
                                                                  .secure = parts_->secure,
                                                                  .traces = parts_->traces.get(),
                                                                  .logs = parts_->logs.get()});
  return parts_->telemetry.get();
}

void Otlp::start_metrics(std::chrono::system_clock::time_point since,
                         std::function<std::vector<serve::Family>()> families) {
  const Way* const way = parts_->way(Signal::kMetrics);
  if (way == nullptr) return;
  parts_->metrics = std::make_unique<otlp::Reporter>(
      parts_->envelope, *way->delivery, parts_->settings.metrics_interval,
      [since, families = std::move(families)] {
        return serve::metric_records(families(), since, std::chrono::system_clock::now());
      });
}

std::vector<std::pair<std::string, uint64_t>> Otlp::dropped() const {
  std::vector<std::pair<std::string, uint64_t>> all;
  for (const Way& way : parts_->ways)
    all.emplace_back(otlp::name_of(way.signal), way.delivery ? way.delivery->lost() : 0);
  return all;
}

void Otlp::close() {
  for (const Way& way : parts_->ways) {
    if (way.delivery) way.delivery->end_within(kAtTheEnd);
    way.post->end_within(kAtTheEnd);
  }
  // All at once: none has less time for another one's collector.
  if (parts_->traces) parts_->traces->finish();
  if (parts_->logs) parts_->logs->finish();
  if (parts_->metrics) parts_->metrics->finish();
  if (parts_->traces) parts_->traces->close();
  if (parts_->logs) parts_->logs->close();
  if (parts_->metrics) parts_->metrics->close();
  uint64_t lost = 0;
  for (const auto& [signal, count] : dropped()) lost += count;
  if (lost > 0) say(fmt::format("{} records didn't reach the collector of OpenTelemetry", lost));
}

}  // namespace berth::cli
