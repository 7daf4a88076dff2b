// SPDX-License-Identifier: Apache-2.0
#pragma once
// How `berth serve` is seen from outside: its access log, the address where its owner asks how it is doing,
// and what it tells a collector.
//
// Main thread only.

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/loop.h"
#include "base/os/process_usage.h"
#include "cli/serve_otlp.h"
#include "engine/server.h"
#include "serve/access_log.h"
#include "serve/admin.h"
#include "serve/metrics.h"
#include "serve/site.h"

namespace berth::cli {

struct SeenOptions {
  std::string access_log = "auto";
  std::string access_log_file;
  std::string admin;
};

/// `options` outlive `app`: of both.
void add_access_log_options(CLI::App& app, SeenOptions& options);
void add_seen_options(CLI::App& app, SeenOptions& options);

class Seen {
 public:
  /// Opens what can't be opened any more once the second wall is up. `address` is what clients are served on.
  static Result<std::unique_ptr<Seen>> open(const SeenOptions& options, const std::string& address,
                                            size_t lanes, bool secure);
  Seen(const Seen&) = delete;
  Seen& operator=(const Seen&) = delete;

  /// What of it is out on the network, for the wall.
  std::vector<host::OwnServer> servers() const;
  /// Starts the log, unless there is to be none. Behind the second wall.
  serve::AccessLog* start_log();
  /// Starts to tell a collector of requests, if one is named. Behind the second wall; `loop` outlives this.
  serve::Telemetry* start_telemetry(Loop& loop);
  /// Answers on the admin address, if there is one. What is handed in outlives the engine.
  Result<void> start_admin(const engine::Engine& engine, const serve::Site& site,
                           const engine::Server& server);
  /// Tells the collector what is counted, if it is told. What is handed in outlives its thread.
  void start_metrics(const serve::Site& site, const engine::Server& server);
  /// "127.0.0.1:9090"; empty when there is none.
  const std::string& admin_address() const {
    return admin_address_;
  }

  /// The server takes no more requests.
  void stopping();
  /// No request is under way any more.
  void close();

 private:
  Seen() = default;
  std::vector<serve::Family> metrics(const serve::Site& site, const engine::Server& server) const;

  std::unique_ptr<Otlp> otlp_;
  std::optional<LineOutput> output_;
  serve::AccessStyle style_ = serve::AccessStyle::kJson;
  std::unique_ptr<serve::AccessLog> log_;
  std::optional<engine::Listener> listener_;
  std::string admin_address_;
  std::unique_ptr<serve::Admin> admin_;
  std::unique_ptr<engine::Server> admin_server_;
  std::optional<ProcessUsage> usage_;
  const std::chrono::system_clock::time_point since_ = std::chrono::system_clock::now();
};

}  // namespace berth::cli
