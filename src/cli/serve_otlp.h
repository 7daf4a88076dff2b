// SPDX-License-Identifier: Apache-2.0
#pragma once
// What `berth serve` tells a collector of OpenTelemetry, where the variables OTEL_* of its environment name
// one: from opening, before the second wall, to what is sent last.
//
// Main thread only, but for what it starts.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "base/result.h"
#include "host/second_wall.h"
#include "serve/metrics.h"
#include "serve/telemetry.h"

namespace berth::cli {

class Otlp {
 public:
  /// None where no variable asks for it. Reads the variables, and the files that they name; connects to
  /// nobody. `secure`: clients come by TLS.
  static Result<std::unique_ptr<Otlp>> open(bool secure);
  Otlp(const Otlp&) = delete;
  Otlp& operator=(const Otlp&) = delete;
  ~Otlp();

  std::vector<host::OwnServer> servers() const;

  /// Starts its threads, behind the wall. None where neither traces nor logs are told. `loop`, on which it
  /// says what goes wrong, outlives it.
  serve::Telemetry* start(Loop& loop);
  /// `families` is called on another thread.
  void start_metrics(std::chrono::system_clock::time_point since,
                     std::function<std::vector<serve::Family>()> families);

  /// Records that didn't arrive, by signal.
  std::vector<std::pair<std::string, uint64_t>> dropped() const;

  /// Sends what waits, and no longer than for some seconds.
  void close();

 private:
  struct Parts;
  explicit Otlp(std::unique_ptr<Parts> parts);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace berth::cli
