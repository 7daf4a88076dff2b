// SPDX-License-Identifier: Apache-2.0
#pragma once
// What one module may ask of content, and its answers: here it is decided, by the module's policy, and
// recorded by its keeper. A module sees what a grant opens, by names from there on, and what it has made
// itself; never another block, even when the store has it and the module knows its CID.
//
// Any thread. Jobs keep what they need of it, so that it may go before them.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/content.h"
#include "engine/knock.h"
#include "engine/traffic.h"
#include "policy/policy.h"
#include "providers/content/name_keys.h"
#include "providers/content/service.h"

namespace berth::content {

/// What a module that may publish may add in a run where its grant says nothing else, and pin as well.
inline constexpr uint64_t kPublishBytes = uint64_t{1} << 30;

struct AskedBy {
  std::string module;                        // whose pins they are
  const policy::Policy* policy = nullptr;    // outlives the asks
  engine::DoorKeeper* keeper = nullptr;      // the same
  const engine::Traffic* traffic = nullptr;  // the same; pays for what the network brings
  std::shared_ptr<Tally> tally = {};         // what came for the module from where; of its jobs as well
  uint64_t guards_off = 0;
  std::shared_ptr<const NameKeys> keys = {};  // by which it may publish names; null: none
};

/// Whether the policy opens content in any way, so that somebody has to answer.
bool opens_content(const policy::Policy& policy);

class Asks final : public engine::ContentSource {
 public:
  /// `service` may be missing where the policy opens no content: then all is refused, and recorded.
  Asks(std::shared_ptr<Service> service, const AskedBy& by);
  ~Asks() override;
  Asks(const Asks&) = delete;
  Asks& operator=(const Asks&) = delete;

  std::shared_ptr<engine::ContentJob> begin(const engine::ContentAsk& ask,
                                            std::unique_ptr<engine::Waiter> waiter) noexcept override;

  struct Module;

 private:
  const std::shared_ptr<Module> module_;
};

}  // namespace berth::content
