// SPDX-License-Identifier: Apache-2.0
#include "host/http_module.h"

#include <algorithm>
#include <atomic>

#include "base/error_table.h"
#include "engine/guards.h"
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
      return status(outcome.limit == engine::Limit::kPlaces ? ErrorCode::kUnavailable : ErrorCode::kLimit);
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
  /// A policy, and what was refused by it.
  struct Ruling {
    explicit Ruling(policy::Policy given) : policy(std::move(given)), denials(policy) {}
    const policy::Policy policy;
    Denials denials;
  };
  /// The last that goes.
  struct Farewell {
    std::function<void()> say;
    ~Farewell() {
      if (say) say();
    }
  };

  Requests(std::shared_ptr<Lent> from, policy::Policy policy, const Serving& as, VersionWatch watch)
      : farewell{.say = std::move(watch.on_gone)},
        lent(std::move(from)),
        ruling(std::make_shared<Ruling>(std::move(policy))),
        asks(lent->asks(ruling->policy, ruling->denials)),
        activity(lent->activity(ruling->policy, ruling->denials)),
        on_served(std::move(watch.on_served)),
        serving(as),
        admission((lent->request.guards_off & engine::kGuardInstances) == 0
                      ? ruling->policy.limits.instances.value_or(kUsualInstances)
                      : UINT64_MAX,
                  as.queue_length) {}

  uint16_t served(const engine::Served& served) noexcept override {
    admission.leave();
    const uint16_t status = served.status != 0 ? served.status : status_for(served.outcome);
    if (served.request == nullptr) {
      probed = served.outcome;
      return status;
    }
    on_served({.status = status, .served = served});
    return status;
  }

  const Farewell farewell;
  const std::shared_ptr<Lent> lent;  // all versions of the module hold it
  const std::shared_ptr<Ruling> ruling;
  const std::unique_ptr<content::Asks> asks;
  const std::unique_ptr<activity::Activity> activity;
  std::function<void(const ServedRequest&)> on_served;
  const Serving serving;
  Admission admission;
  std::atomic<uint64_t> denials_told = 0;
  engine::Outcome probed;  // of what it was asked before all others, on the one lane that did that
};

HttpModule::HttpModule(Loaded loaded, std::shared_ptr<Requests> requests)
    : loaded_(std::move(loaded)), requests_(std::move(requests)) {}

HttpModule::~HttpModule() {
  // Before the last one to go says so.
  service_.reset();
  loaded_.module.reset();
}

Result<std::shared_ptr<HttpModule>> HttpModule::create(const engine::Engine& engine, Loaded loaded,
                                                       std::shared_ptr<Requests> requests) {
  auto& ruling = *requests->ruling;
  engine::Guest guest = BERTH_TRY(requests->lent->guest(Use::kServed, ruling.policy, ruling.denials));
  guest.module = loaded.name;
  guest.content = requests->asks.get();
  guest.activity = requests->activity.get();
  std::shared_ptr<HttpModule> module(new HttpModule(std::move(loaded), requests));
  module->service_ = BERTH_TRY(
      engine::Service::create(engine, *module->loaded_.module, guest, requests->serving.reuse, requests));
  return module;
}

Result<std::shared_ptr<HttpModule>> HttpModule::create(const engine::Engine& engine, Loaded loaded,
                                                       CommandRequest request, const Serving& serving,
                                                       VersionWatch watch) {
  policy::Policy policy = request.policy;
  auto lent = std::make_shared<Lent>(std::move(request));
  return create(engine, std::move(loaded),
                std::make_shared<Requests>(std::move(lent), std::move(policy), serving, std::move(watch)));
}

Result<std::shared_ptr<HttpModule>> HttpModule::follow(const engine::Engine& engine, Loaded loaded,
                                                       policy::Policy policy, VersionWatch watch) const {
  return create(
      engine, std::move(loaded),
      std::make_shared<Requests>(requests_->lent, std::move(policy), requests_->serving, std::move(watch)));
}

void HttpModule::try_out(const engine::Engine& engine, const engine::Probe* probe,
                         std::chrono::nanoseconds most, std::function<void(const engine::Tried&)> on_tried) {
  if (probe != nullptr && !requests_->admission.enter()) return on_tried({.outcome = {}, .status = 503});
  const auto told = [requests = requests_, asked = probe != nullptr, on_tried](engine::Tried tried) {
    if (asked && !tried.late) tried.outcome = requests->probed;
    on_tried(tried);
  };
  const auto started = service_->try_out(engine, probe, most, told);
  if (started) return;
  if (probe != nullptr) requests_->admission.leave();
  engine::Tried failed;
  failed.outcome.ending = engine::Outcome::Ending::kFailed;
  failed.outcome.reason = started.error().message;
  on_tried(failed);
}

Admission& HttpModule::admission() {
  return requests_->admission;
}

MemoryUse HttpModule::memory() const {
  const engine::Budget& budget = requests_->lent->budget;
  return {.used_bytes = budget.used_bytes(),
          .peak_bytes = budget.peak_bytes(),
          .limit_bytes = budget.limit_bytes()};
}

content::Brought HttpModule::brought() const {
  return requests_->lent->brought->read();
}

activity::Told HttpModule::told() const {
  const auto& events = requests_->lent->events;
  return events == nullptr ? activity::Told{} : events->told();
}

uint64_t HttpModule::new_denials() {
  const uint64_t all = requests_->ruling->denials.total();
  uint64_t told = requests_->denials_told;
  while (told < all) {
    if (requests_->denials_told.compare_exchange_weak(told, all)) return all - told;
  }
  return 0;
}

Counters* HttpModule::shown() {
  Place* const place = requests_->lent->request.place;
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
  requests_->lent->traffic.close_day();
  if (requests_->lent->events != nullptr) requests_->lent->events->close();
}

std::shared_ptr<const Denials> HttpModule::denials() const {
  const auto& ruling = requests_->ruling;
  return {ruling, &ruling->denials};
}

}  // namespace berth::host
