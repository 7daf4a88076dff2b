// SPDX-License-Identifier: Apache-2.0
#include "host/http_module.h"

#include <algorithm>
#include <optional>

#include "base/error_table.h"
#include "host/berthing.h"

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

/// What the requests of all instances draw from.
struct HttpModule::Lent final : engine::Answerer {
  Lent(CommandRequest given, uint64_t guest_bytes)
      : request(std::move(given)), budget(guest_bytes), denials(request.policy) {
    const policy::Limits& limits = request.policy.limits;
    const auto& most = limits.cpu_share_basis_points;
    if (most || request.place != nullptr) share.emplace(most.value_or(UINT32_MAX));
    if (request.place != nullptr) request.place->give_turns(*share);
    const auto& rate = limits.network_bytes_per_second;
    if (rate && (request.guards_off & engine::kGuardNetworkRate) == 0) traffic.emplace(*rate);
    most_requests = limits.instances.value_or(kUsualInstances);
  }

  uint16_t served(const engine::Served& served) noexcept override {
    under_way.fetch_sub(1);
    const uint16_t status = served.status != 0 ? served.status : status_for(served.outcome);
    on_served({.status = status, .served = served});
    return status;
  }

  CommandRequest request;
  engine::Budget budget;
  Denials denials;
  std::optional<engine::Share> share;
  std::optional<engine::Traffic> traffic;
  std::function<void(const ServedRequest&)> on_served;
  std::atomic<uint64_t> under_way = 0;
  uint64_t most_requests = 0;
};

HttpModule::HttpModule(Loaded loaded, CommandRequest request) : loaded_(std::move(loaded)) {
  const uint64_t memory = request.policy.limits.memory_bytes.value_or(kDefaultMemoryBytes);
  lent_ = std::make_shared<Lent>(std::move(request), share_memory(memory).guest_bytes);
}

HttpModule::~HttpModule() = default;

Result<std::shared_ptr<HttpModule>> HttpModule::create(const engine::Engine& engine, Loaded loaded,
                                                       CommandRequest request,
                                                       std::function<void(const ServedRequest&)> on_served) {
  engine::Guest guest = BERTH_TRY(guest_for(request.policy));
  std::shared_ptr<HttpModule> module(new HttpModule(std::move(loaded), std::move(request)));
  Lent& lent = *module->lent_;
  lent.on_served = std::move(on_served);
  guest.args = lent.request.args;
  guest.dns_servers = lent.request.dns_servers;
  guest.ways = lent.request.ways;
  guest.guards_off = lent.request.guards_off;
  guest.budget = &lent.budget;
  guest.share = lent.share ? &*lent.share : nullptr;
  guest.keeper = &lent.denials;
  guest.traffic = lent.traffic ? &*lent.traffic : nullptr;
  if (lent.request.storage != nullptr) lent.request.storage->lend(guest);
  module->service_ =
      BERTH_TRY(engine::Service::create(engine, *module->loaded_.module, guest, module->lent_));
  return module;
}

bool HttpModule::admit() {
  if (lent_->under_way.fetch_add(1) < lent_->most_requests) return true;
  lent_->under_way.fetch_sub(1);
  return false;
}

const Denials& HttpModule::denials() const {
  return lent_->denials;
}

}  // namespace berth::host
