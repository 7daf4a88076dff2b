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

namespace berth::serve {

/// A client that went away before it was answered: nginx's number, which others know.
constexpr uint16_t kClientGone = 499;

class Followed final : public engine::Request {
 public:
  /// It is counted in `counters`. `log` may be none, and outlives it.
  Followed(const engine::RequestHead& head, std::shared_ptr<host::Counters> counters, AccessLog* log);
  /// When it was told all: counts it, and writes its line.
  ~Followed() override;

  /// To a module, whose requests are counted in `counters`: it is turned away there unless one of the next
  /// two is called.
  void goes_to(std::shared_ptr<host::HttpModule> module, std::shared_ptr<host::Counters> counters);
  /// It has a place there.
  void admitted();
  /// It waits for one.
  void waits(std::shared_ptr<host::Admission::Ticket> ticket);

  void wait(engine::Completion completion) noexcept override;
  void served(uint16_t status, const engine::Served& served) noexcept override;
  void finished(const engine::Finished& finished) noexcept override;

 private:
  enum class Stage { kNowhere, kTurnedAway, kWaits, kAdmitted };

  const std::chrono::steady_clock::time_point began_;
  Stage stage_ = Stage::kNowhere;
  std::shared_ptr<host::Counters> counters_;
  std::shared_ptr<host::HttpModule> module_;
  std::shared_ptr<host::Admission::Ticket> ticket_;
  AccessLog* const log_;
  AccessEntry entry_;  // without its words where nobody reads them
  host::EndedRequest ended_;
};

}  // namespace berth::serve
