// SPDX-License-Identifier: Apache-2.0
#include "serve/followed.h"

#include <array>
#include <utility>

#include "host/command.h"
#include "serve/trace_context.h"

namespace berth::serve {
namespace {

using Ending = engine::Outcome::Ending;

/// What is kept of what a client says; the log shows less.
constexpr size_t kLongestKept = 2048;

std::string_view ending_name(Ending ending) {
  constexpr std::array<std::string_view, 8> kNames{"",          "exited", "trapped",  "limited",
                                                   "cancelled", "failed", "panicked", "returned"};
  return kNames[static_cast<size_t>(ending)];
}

std::string kept(std::string_view text) {
  return std::string(text.substr(0, kLongestKept));
}

}  // namespace

Followed::Followed(const engine::RequestHead& head, std::shared_ptr<host::Counters> counters, AccessLog* log,
                   Telemetry* telemetry)
    : began_(std::chrono::steady_clock::now()),
      counters_(std::move(counters)),
      log_(log),
      telemetry_(telemetry) {
  if (!is_told()) return;
  entry_.time = std::chrono::system_clock::now();
  entry_.method = kept(head.method);
  entry_.host = kept(head.host);
  entry_.path = kept(head.path);
  entry_.peer = kept(head.peer);
  entry_.trace_id = trace_id(head.traceparent);
  if (telemetry_ == nullptr) return;
  trace_ = telemetry_->begin(head);
  entry_.trace_id = trace_->trace_id();
  entry_.span_id = trace_->span_id();
}

Followed::~Followed() {
  host::count(*counters_, ended_);
  if (module_ != nullptr) {
    if (host::Counters* const shown = module_->shown()) host::count(*shown, ended_);
    module_->show();
  }
  if (!is_told()) return;
  entry_.status = ended_.status;
  entry_.duration = ended_.duration;
  if (ticket_ != nullptr) entry_.queued = ticket_->waited();
  entry_.received_bytes = ended_.received_bytes;
  entry_.sent_bytes = ended_.sent_bytes;
  if (telemetry_ != nullptr) telemetry_->tell(*trace_, entry_);
  if (log_ != nullptr) log_->add(std::move(entry_));
}

void Followed::goes_to(std::shared_ptr<host::HttpModule> module, std::shared_ptr<host::Counters> counters,
                       std::string_view route) {
  module_ = std::move(module);
  counters_ = std::move(counters);
  stage_ = Stage::kTurnedAway;
  if (is_told()) entry_.module = module_->loaded().name;
  if (trace_ == nullptr) return;
  trace_->route = route;
  trace_->digest = module_->loaded().digest;
}

void Followed::admitted() {
  stage_ = Stage::kAdmitted;
  module_->show();
}

void Followed::waits(std::shared_ptr<host::Admission::Ticket> ticket) {
  stage_ = Stage::kWaits;
  ticket_ = std::move(ticket);
  module_->show();
}

void Followed::wait(engine::Completion completion) noexcept {
  auto turn = std::make_shared<engine::Completion>(std::move(completion));
  ticket_->on_turn([turn, service = module_->service()] { turn->give({.service = service}); });
}

void Followed::served(uint16_t, const engine::Served& served) noexcept {
  const engine::Outcome& outcome = served.outcome;
  const uint64_t denials = module_->new_denials();
  host::count(*counters_, outcome, denials);
  if (host::Counters* const shown = module_->shown()) host::count(*shown, outcome, denials);
  if (!is_told()) return;
  entry_.denials = denials;
  entry_.cpu_used = outcome.cpu_used;
  entry_.ending = ending_name(outcome.ending);
  if (outcome.ending == Ending::kLimited) entry_.limit = host::limit_name(outcome.limit);
  entry_.reason = kept(outcome.reason);
}

void Followed::finished(const engine::Finished& finished) noexcept {
  ended_.status = finished.status != 0 ? finished.status : kClientGone;
  ended_.duration = std::chrono::steady_clock::now() - began_;
  ended_.received_bytes = finished.received_bytes;
  ended_.sent_bytes = finished.sent_bytes;
  if (finished.asked) return;
  // Gives back what a guest's end would have given back.
  if (stage_ == Stage::kWaits) module_->admission().leave(*ticket_);
  if (stage_ == Stage::kAdmitted) module_->admission().leave();
  const bool waited = stage_ == Stage::kWaits && finished.status != 0;
  ended_.turned_away = stage_ == Stage::kTurnedAway || waited;
}

}  // namespace berth::serve
