// SPDX-License-Identifier: Apache-2.0
#include "cli/serve_seen.h"

#include <fmt/format.h>

#include <utility>

#include "base/os/user.h"

namespace berth::cli {
namespace {

constexpr int kStdout = 1;
/// How long a reader of the log may take for what waits at the end.
constexpr std::chrono::milliseconds kPatience{1'000};

}  // namespace

void add_access_log_options(CLI::App& app, SeenOptions& options) {
  app.add_option(
         "--access-log", options.access_log,
         "a line for each request on standard output: pretty, json (one object each), off, or auto, which is "
         "pretty on a terminal and json otherwise")
      ->capture_default_str()
      ->check(CLI::IsMember({"off", "pretty", "json", "auto"}))
      ->type_name("STYLE")
      ->group("To be seen");
  app.add_option("--access-log-file", options.access_log_file, "appends the log to this file instead")
      ->type_name("FILE")
      ->group("To be seen");
}

void add_seen_options(CLI::App& app, SeenOptions& options) {
  add_access_log_options(app, options);
  app.add_option(
         "--admin", options.admin,
         "another address, for /metrics (Prometheus), /livez and /readyz: 127.0.0.1:0 is a free port of this "
         "machine's own; none unless given")
      ->type_name("ADDRESS")
      ->group("To be seen");
}

Result<std::unique_ptr<Seen>> Seen::open(const SeenOptions& options, const std::string& address, size_t lanes,
                                         bool secure) {
  std::unique_ptr<Seen> seen(new Seen);
  seen->otlp_ = BERTH_TRY(Otlp::open(secure));
  if (options.access_log != "off") {
    const bool to_file = !options.access_log_file.empty();
    seen->output_ =
        to_file ? BERTH_TRY(LineOutput::appending(options.access_log_file)) : LineOutput::standard(kStdout);
    const bool person = options.access_log == "auto" && !to_file && is_terminal(kStdout);
    if (person || options.access_log == "pretty") seen->style_ = serve::AccessStyle::kPretty;
  }
  seen->usage_ = ProcessUsage::of_self();
  if (options.admin.empty()) return seen;
  auto listener = engine::Listener::bind(options.admin, lanes);
  if (!listener) {
    return fail(listener.error().code, fmt::format("--admin: {}", listener.error().message));
  }
  seen->admin_address_ = listener->address();
  if (serve::overlap(seen->admin_address_, address)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("--admin {} and --addr {} are one address, on which clients would reach the "
                            "metrics: give another port",
                            seen->admin_address_, address));
  }
  seen->listener_.emplace(std::move(*listener));
  return seen;
}

serve::AccessLog* Seen::start_log() {
  if (output_) log_ = std::make_unique<serve::AccessLog>(std::move(*output_), style_);
  return log_.get();
}

std::vector<host::OwnServer> Seen::servers() const {
  return otlp_ ? otlp_->servers() : std::vector<host::OwnServer>();
}

serve::Telemetry* Seen::start_telemetry(Loop& loop) {
  return otlp_ ? otlp_->start(loop) : nullptr;
}

void Seen::start_metrics(const serve::Site& site, const engine::Server& server) {
  if (otlp_) otlp_->start_metrics(since_, [this, &site, &server] { return metrics(site, server); });
}

Result<void> Seen::start_admin(const engine::Engine& engine, const serve::Site& site,
                               const engine::Server& server) {
  if (!listener_) return {};
  admin_ = std::make_unique<serve::Admin>(
      [this, &site, &server] { return serve::metrics_text(metrics(site, server)); });
  admin_server_ =
      BERTH_TRY(engine::Server::start(engine, std::move(*listener_), serve::Admin::settings(), *admin_));
  return {};
}

std::vector<serve::Family> Seen::metrics(const serve::Site& site, const engine::Server& server) const {
  serve::ProcessFigures process{.version = BERTH_VERSION,
                                .engine = BERTH_ENGINE_VERSION,
                                .since = since_,
                                .cpu_time = usage_ ? usage_->cpu_time() : std::nullopt,
                                .resident_bytes = usage_ ? usage_->resident_bytes() : std::nullopt,
                                .connections = server.connections(),
                                .access_dropped = log_ ? log_->dropped() : 0};
  if (otlp_) process.otlp_dropped = otlp_->dropped();
  return serve::families(site.figures(), site.lost(), process);
}

void Seen::stopping() {
  if (admin_) admin_->stopping();
}

void Seen::close() {
  if (otlp_) otlp_->close();
  if (log_) log_->close(kPatience);
}

}  // namespace berth::cli
