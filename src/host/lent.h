// SPDX-License-Identifier: Apache-2.0
#pragma once
// What all calls of one module draw from and are asked by: its memory, its share of the CPU, its traffic, its
// policy's answers. Outlives the calls.

#include <memory>
#include <optional>

#include "engine/guest.h"
#include "engine/share.h"
#include "engine/traffic.h"
#include "host/berthing.h"
#include "host/command.h"
#include "host/denials.h"
#include "providers/activity/events.h"
#include "providers/content/asks.h"

namespace berth::host {

class Lent {
 public:
  explicit Lent(CommandRequest given);
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;

  /// A guest of the request, which is lent all of it. kUnsupported as `guest_for`; kInternal when nothing
  /// counts a day that is limited.
  Result<engine::Guest> guest(Use use);

  /// The same for a later version of the module: another policy, which `keeper` answers for.
  Result<engine::Guest> guest(Use use, const policy::Policy& policy, engine::DoorKeeper& keeper);

  /// What a policy's guests ask of content, to be lent to them: the policy and the keeper outlive it.
  std::unique_ptr<content::Asks> asks(const policy::Policy& policy, engine::DoorKeeper& keeper) const;
  /// What they tell its owner, the same way.
  std::unique_ptr<activity::Activity> activity(const policy::Policy& policy,
                                               engine::DoorKeeper& keeper) const;

  const CommandRequest request;
  engine::Budget budget;
  Denials denials;
  engine::Traffic traffic;
  const std::shared_ptr<content::Tally> brought;   // of content; a job that still ends has it, too
  const std::shared_ptr<activity::Events> events;  // none where there is no place for them

 private:
  std::optional<engine::Share> share_;
  std::unique_ptr<content::Asks> asks_;  // of the request's policy
  std::unique_ptr<activity::Activity> activity_;
};

}  // namespace berth::host
