// SPDX-License-Identifier: Apache-2.0
#include "host/lent.h"

namespace berth::host {
namespace {

uint64_t guest_bytes(const policy::Policy& policy) {
  return share_memory(policy.limits.memory_bytes.value_or(kDefaultMemoryBytes)).guest_bytes;
}

/// What a policy says of the network, but for guards that a test has turned off.
engine::TrafficLimits traffic_limits(const CommandRequest& request) {
  const policy::Limits& limits = request.policy.limits;
  const auto on = [&](uint64_t guard) { return (request.guards_off & guard) == 0; };
  engine::TrafficLimits traffic;
  if (on(engine::kGuardNetworkRate)) traffic.bytes_per_second = limits.network_bytes_per_second;
  if (on(engine::kGuardNetworkConnections)) traffic.connections = limits.network_connections;
  if (on(engine::kGuardNetworkConnectionRate))
    traffic.connections_per_minute = limits.network_connections_per_minute;
  if (on(engine::kGuardNetworkDaily)) traffic.day = request.day;
  return traffic;
}

}  // namespace

Lent::Lent(CommandRequest given)
    : request(std::move(given)),
      budget(guest_bytes(request.policy)),
      denials(request.policy),
      traffic(traffic_limits(request)),
      brought(std::make_shared<content::Tally>()),
      events(request.journal == nullptr ? nullptr
                                        : std::make_shared<activity::Events>(request.journal, request.name)) {
  const auto& most = request.policy.limits.cpu_share_basis_points;
  if (most || request.place != nullptr) share_.emplace(most.value_or(UINT32_MAX));
  if (request.place != nullptr) request.place->give_turns(*share_);
}

std::unique_ptr<content::Asks> Lent::asks(const policy::Policy& policy, engine::DoorKeeper& keeper) const {
  return std::make_unique<content::Asks>(request.content, content::AskedBy{.module = request.digest,
                                                                           .policy = &policy,
                                                                           .keeper = &keeper,
                                                                           .traffic = &traffic,
                                                                           .tally = brought,
                                                                           .guards_off = request.guards_off,
                                                                           .keys = request.name_keys});
}

std::unique_ptr<activity::Activity> Lent::activity(const policy::Policy& policy,
                                                   engine::DoorKeeper& keeper) const {
  return std::make_unique<activity::Activity>(events, policy, keeper);
}

Result<engine::Guest> Lent::guest(Use use) {
  engine::Guest guest = BERTH_TRY(this->guest(use, request.policy, denials));
  if (asks_ == nullptr) asks_ = asks(request.policy, denials);
  guest.content = asks_.get();
  if (activity_ == nullptr) activity_ = activity(request.policy, denials);
  guest.activity = activity_.get();
  return guest;
}

Result<engine::Guest> Lent::guest(Use use, const policy::Policy& policy, engine::DoorKeeper& keeper) {
  engine::Guest guest = BERTH_TRY(guest_for(policy, use));
  if (policy.limits.network_bytes_per_day && request.day == nullptr) {
    return fail(ErrorCode::kInternal, "a module's bytes a day are limited, and nothing counts them");
  }
  guest.function = request.function;
  guest.args = request.args;
  guest.dns_servers = request.dns_servers;
  guest.phantom_always = request.phantom_always;
  guest.ways = request.ways;
  guest.guards_off = request.guards_off;
  guest.budget = &budget;
  guest.share = share_ ? &*share_ : nullptr;
  guest.keeper = &keeper;
  guest.traffic = &traffic;
  if (request.storage != nullptr) request.storage->lend(guest);
  return guest;
}

}  // namespace berth::host
