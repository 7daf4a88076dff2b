// SPDX-License-Identifier: Apache-2.0
#include "host/group_limits.h"

#include <algorithm>

#include "base/os/code_memory.h"
#include "base/saturating.h"
#include "engine/compiler.h"
#include "host/http_module.h"
#include "policy/smaller.h"

namespace berth::host {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kCore = 10'000;  // basis points

/// What the engine and berth's own code come to, beyond what they have before a module runs.
constexpr uint64_t kOwnBytes = 64 * kMiB;
/// Stacks of a call: a fiber's is no larger, and two are part of its price (engine/guest/src/stacks.rs).
constexpr uint64_t kStackBytes = 2 * kMiB;
constexpr uint64_t kStacksOfARun = 2;
/// Places that rest keep so much for the next instance, in an engine with fuel and in one without
/// (engine/guest/src/pool.rs).
constexpr uint64_t kPoolBytes = 2 * 100 * (2 * kMiB + kMiB / 8);
/// A client's connection: its buffers, and TLS.
constexpr uint64_t kConnectionBytes = kMiB / 16;
/// Threads and processes: berth's own, and by processor a lane, what it hands off and a compiler's thread.
constexpr uint64_t kOwnTasks = 32;
constexpr uint64_t kTasksOfAProcessor = 8;

/// The parts of it by which a process's memory outgrows what is counted: page tables, pieces between others.
constexpr uint64_t kOverhead = 8;

uint64_t memory_of(const policy::Policy& module, Use use) {
  const uint64_t limit = module.limits.memory_bytes.value_or(kDefaultMemoryBytes);
  const uint64_t instances = module.limits.instances.value_or(HttpModule::kUsualInstances);
  const uint64_t stacks =
      use == Use::kServed ? std::min<uint64_t>(instances, HttpModule::kPlaces) : kStacksOfARun;
  return saturating_sum({limit, limit / kOverhead, saturating_product(stacks, kStackBytes)});
}

uint64_t memory_of(const GroupUse& use) {
  uint64_t bytes = saturating_sum({use.memory_bytes_now, kOwnBytes});
  for (const policy::Policy* module : use.modules)
    bytes = saturating_sum({bytes, memory_of(*module, use.use)});
  if (use.use == Use::kOnce) return bytes;
  return saturating_sum({bytes, kPoolBytes, saturating_product(use.connections, kConnectionBytes)});
}

/// What berth's own threads work is none of a module's share: half a core beside a guest; in a server, which
/// answers for all its modules, half the machine.
uint64_t own_share(const GroupUse& use) {
  return use.use == Use::kOnce ? kCore / 2 : std::max(kCore, use.processors * kCore / 2);
}

/// Nothing where they may take the whole machine.
std::optional<uint64_t> share_of(const GroupUse& use) {
  uint64_t share = 0;
  for (const policy::Policy* module : use.modules) {
    const auto most =
        policy::smaller(module->limits.cpu_share_basis_points, use.total.cpu_share_basis_points);
    if (!most) return std::nullopt;
    share = saturating_sum({share, *most});
  }
  share = std::min(share, use.total.cpu_share_basis_points.value_or(share));
  // A module that rested has a tenth of a second's share at once (engine/doors/src/share.rs).
  share = saturating_sum({share, share / 4, own_share(use)});
  return share < saturating_product(use.processors, kCore) ? std::optional(share) : std::nullopt;
}

uint64_t tasks_of(const GroupUse& use) {
  return kOwnTasks + kTasksOfAProcessor * use.processors;
}

}  // namespace

GroupLimits group_limits(const GroupUse& use) {
  return {.cpu_basis_points = share_of(use), .memory_bytes = memory_of(use), .tasks = tasks_of(use)};
}

GroupLimits companion_limits(const GroupUse& use) {
  uint64_t compiler = 0;
  for (const policy::Policy* module : use.modules) {
    const uint64_t usual = engine::CompileLimits{}.memory_bytes;
    compiler = std::max(compiler, module->limits.compile_memory_bytes.value_or(usual));
  }
  // The compiler's own, as much again for what comes of it on its way, and the code that is kept.
  const uint64_t bytes = saturating_sum(
      {use.companions_bytes_now, kOwnBytes, saturating_product(compiler, 2), CodeMemory::kBytes});
  return {.memory_bytes = bytes, .tasks = tasks_of(use)};
}

}  // namespace berth::host
