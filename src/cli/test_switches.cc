// SPDX-License-Identifier: Apache-2.0
#include "cli/test_switches.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/guest.h"

namespace berth::cli {
namespace {

struct Guard {
  std::string_view name;
  uint64_t bit;
};

constexpr auto kGuards = std::to_array<Guard>({
    {"memory", engine::kGuardMemory},
    {"tables", engine::kGuardTables},
    {"cpu-time", engine::kGuardCpuTime},
    {"wall", engine::kGuardWall},
    {"handles", engine::kGuardHandles},
    {"stack", engine::kGuardStack},
    {"host-buffers", engine::kGuardHostBuffers},
    {"confinement", engine::kGuardConfinement},
    {"nonblocking-stdout", engine::kGuardStdout},
    {"phantom", engine::kGuardPhantom},
    {"read-only", engine::kGuardReadOnly},
    {"cross-grant", engine::kGuardCrossGrant},
    {"special-files", engine::kGuardSpecialFiles},
    {"network", engine::kGuardNetwork},
    {"storage", engine::kGuardStorage},
    {"network-rate", engine::kGuardNetworkRate},
    {"network-connections", engine::kGuardNetworkConnections},
    {"network-connection-rate", engine::kGuardNetworkConnectionRate},
    {"network-daily", engine::kGuardNetworkDaily},
    {"cpu-share", engine::kGuardCpuShare},
    {"idle-time", engine::kBriefIdle},
    {"serve-again", engine::kGuardAgain},
    {"serve-instances", engine::kGuardInstances},
    {"content-open", engine::kGuardContentOpen},
    {"content-memory", engine::kGuardContentMemory},
    {"content-grant", engine::kGuardContentGrant},
    {"content-bound", engine::kGuardContentBound},
    {"content-made", engine::kGuardContentMade},
    {kConnectionsSwitch, 0},
    {kResetsSwitch, 0},
    {kHeadBytesSwitch, 0},
    {kHeadTimeSwitch, 0},
    {kBodyBytesSwitch, 0},
    {kIdleTimeSwitch, 0},
    {kDrainTimeSwitch, 0},
    {kQueueSwitch, 0},
    {kQueueTimeSwitch, 0},
    {kCacheAuthSwitch, 0},
    {kCompileSwitch, 0},
    {kLandlockSwitch, 0},
    {kSeccompSwitch, 0},
    {kTotalSwitch, 0},
    {kControlGroupSwitch, 0},
});

}  // namespace

Result<uint64_t> guard_bits(const std::vector<std::string>& names) {
  uint64_t bits = 0;
  for (const std::string& name : names) {
    const auto* const guard = std::ranges::find(kGuards, name, &Guard::name);
    if (guard == kGuards.end())
      return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no guard", name));
    bits |= guard->bit;
  }
  return bits;
}

bool has_switch(const std::vector<std::string>& names, std::string_view name) {
  return kTestSwitches && std::ranges::find(names, name) != names.end();
}

}  // namespace berth::cli
