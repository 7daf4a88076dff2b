// SPDX-License-Identifier: Apache-2.0
#pragma once
// A request as the host follows it, from its head to the end of its guest and of its answer: what it waits
// for, what is counted of it, and its line in the access log.
//
// Made for each request, and told of it on the engine's threads; it waits for nothing there.

#include <chrono>
#include <memory>

#include "engine/request.h"
#include "host/admission.h"
#include "host/counters.h"
#include "host/http_module.h"
#include "serve/access_log.h"
#include "serve/telemetry.h"

namespace berth::serve {

/// A client that went away before it was answered: nginx's number, which others know.
constexpr uint16_t kClientGone = 499;

class Followed final : public engine::Request {
 public:
  /// It is counted in `counters`. `log` and `telemetry` may be none, and outlive it.
  Followed(const engine::RequestHead& head, std::shared_ptr<host::Counters> counters, AccessLog* log,
           Telemetry* telemetry);
  /// When it was told all: counts it, and writes its line.
  ~Followed() override;

  /// To a module, whose requests are counted in `counters`, by a route with this path: it is turned away
  /// there unless one of the next two is called.
  void goes_to(std::shared_ptr<host::HttpModule> module, std::shared_ptr<host::Counters> counters,
               std::string_view route);
  /// It has a place there.
  void admitted();
  /// It waits for one.
  void waits(std::shared_ptr<host::Admission::Ticket> ticket);

  /// Its place in a trace; none where traces aren't told.
  const Trace* trace() const {
    return trace_ && trace_->traced() ? trace_.get() : nullptr;
  }

  void wait(engine::Completion completion) noexcept override;
  void served(uint16_t status, const engine::Served& served) noexcept override;
  void finished(const engine::Finished& finished) noexcept override;

 private:
  /// Whether anybody hears more of it than numbers.
  bool is_told() const {
    return log_ != nullptr || telemetry_ != nullptr;
  }

  enum class Stage { kNowhere, kTurnedAway, kWaits, kAdmitted };

  const std::chrono::steady_clock::time_point began_;
  Stage stage_ = Stage::kNowhere;
  std::shared_ptr<host::Counters> counters_;
  std::shared_ptr<host::HttpModule> module_;
  std::shared_ptr<host::Admission::Ticket> ticket_;
  AccessLog* const log_;
  Telemetry* const telemetry_;
  std::unique_ptr<Trace> trace_;  // where there is a telemetry
  AccessEntry entry_;             // without its words where nobody reads them
  host::EndedRequest ended_;
};

}  // namespace berth::serve
