// SPDX-License-Identifier: Apache-2.0
#include "host/http_module.h"

#include <algorithm>
#include <atomic>

#include "base/error_table.h"
#include "host/lent.h"

namespace berth::host {
namespace {

/// What a client gets when the guest gave no answer.
uint16_t status_for(const engine::Outcome& outcome) {
  using Ending = engine::Outcome::Ending;
  const auto status = [](ErrorCode code) { return static_cast<uint16_t>(error_row(code).http_status); };
  switch (outcome.ending) {
    case Ending::kExited:
    case Ending::kReturned:
    case Ending::kTrapped:
    case Ending::kFailed:
      return status(ErrorCode::kTrap);
    case Ending::kLimited:
      return status(ErrorCode::kLimit);
    case Ending::kCancelled:
      return status(ErrorCode::kUnavailable);
    case Ending::kPanicked:
      return status(ErrorCode::kInternal);
  }
  return status(ErrorCode::kInternal);
}

}  // namespace

/// What the requests of all instances draw from, and where they are counted.
struct HttpModule::Requests final : engine::Answerer {
  Requests(CommandRequest given, uint64_t queue_length, std::function<void(const ServedRequest&)> told)
      : lent(std::move(given)),
        on_served(std::move(told)),
        admission(lent.request.policy.limits.instances.value_or(kUsualInstances), queue_length) {}

  uint16_t served(const engine::Served& served) noexcept override {
    admission.leave();
    const uint16_t status = served.status != 0 ? served.status : status_for(served.outcome);
    on_served({.status = status, .served = served});
    return status;
  }

  Lent lent;
  std::function<void(const ServedRequest&)> on_served;
  Admission admission;
  std::atomic<uint64_t> denials_told = 0;
};

uint32_t HttpModule::places(const policy::Limits& limits, size_t lanes) {
  // Each takes some 12 GiB of the 128 TiB of addresses that a process has.
  constexpr uint64_t kMost = 4000;
  // Made ahead by each lane.
  constexpr uint64_t kAhead = 4;
  const uint64_t at_once = limits.instances.value_or(kUsualInstances);
  return static_cast<uint32_t>(std::min(kMost, at_once + kAhead * lanes));
}

HttpModule::HttpModule(Loaded loaded, std::shared_ptr<Requests> requests)
    : loaded_(std::move(loaded)), requests_(std::move(requests)) {}

HttpModule::~HttpModule() = default;

Result<std::shared_ptr<HttpModule>> HttpModule::create(const engine::Engine& engine, Loaded loaded,
                                                       CommandRequest request, const Serving& serving,
                                                       std::function<void(const ServedRequest&)> on_served) {
  auto requests = std::make_shared<Requests>(std::move(request), serving.queue_length, std::move(on_served));
  const engine::Guest guest = BERTH_TRY(requests->lent.guest(Use::kServed));
  std::shared_ptr<HttpModule> module(new HttpModule(std::move(loaded), requests));
  module->service_ =
      BERTH_TRY(engine::Service::create(engine, *module->loaded_.module, guest, serving.reuse, requests));
  return module;
}

Admission& HttpModule::admission() {
  return requests_->admission;
}

MemoryUse HttpModule::memory() const {
  const engine::Budget& budget = requests_->lent.budget;
  return {.used_bytes = budget.used_bytes(),
          .peak_bytes = budget.peak_bytes(),
          .limit_bytes = budget.limit_bytes()};
}

uint64_t HttpModule::new_denials() {
  const uint64_t all = requests_->lent.denials.total();
  uint64_t told = requests_->denials_told;
  while (told < all) {
    if (requests_->denials_told.compare_exchange_weak(told, all)) return all - told;
  }
  return 0;
}

Counters* HttpModule::shown() {
  Place* const place = requests_->lent.request.place;
  return place == nullptr ? nullptr : &place->counters();
}

void HttpModule::show() {
  Counters* const counters = shown();
  if (counters == nullptr) return;
  counters->instances.store(requests_->admission.inside(), std::memory_order_relaxed);
  counters->waiting.store(requests_->admission.waiting(), std::memory_order_relaxed);
  counters->memory_bytes.store(memory().used_bytes, std::memory_order_relaxed);
}

void HttpModule::close() {
  requests_->lent.traffic.close_day();
}

const Denials& HttpModule::denials() const {
  return requests_->lent.denials;
}

}  // namespace berth::host
