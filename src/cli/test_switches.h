// SPDX-License-Identifier: Apache-2.0
#pragma once
// The switches with which a hostile test turns one guard off and must then fail. Compiled in only where
// BERTH_TEST_SWITCHES is on; a release has no such option, and its engine ignores the bits.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::cli {

#ifdef BERTH_TEST_SWITCHES
inline constexpr bool kTestSwitches = true;
#else
inline constexpr bool kTestSwitches = false;
#endif

/// Guards that are not the engine's: a cached image is authenticated, a module is compiled in a worker; parts
/// of the second wall; what the owner gives to all modules together; the control group.
inline constexpr std::string_view kCacheAuthSwitch = "cache-auth";
inline constexpr std::string_view kCompileSwitch = "compile";
inline constexpr std::string_view kLandlockSwitch = "landlock";
inline constexpr std::string_view kSeccompSwitch = "seccomp";
inline constexpr std::string_view kTotalSwitch = "total";
inline constexpr std::string_view kControlGroupSwitch = "control-group";

/// Bounds of a server for its clients.
inline constexpr std::string_view kConnectionsSwitch = "serve-connections";
inline constexpr std::string_view kResetsSwitch = "serve-resets";
inline constexpr std::string_view kHeadBytesSwitch = "serve-head-bytes";
inline constexpr std::string_view kHeadTimeSwitch = "serve-head-time";
inline constexpr std::string_view kBodyBytesSwitch = "serve-body-bytes";
inline constexpr std::string_view kIdleTimeSwitch = "serve-idle-time";
inline constexpr std::string_view kDrainTimeSwitch = "serve-drain-time";
inline constexpr std::string_view kQueueSwitch = "serve-queue";
inline constexpr std::string_view kQueueTimeSwitch = "serve-queue-time";

/// The engine's bits for guards by name; those that are not the engine's give none.
Result<uint64_t> guard_bits(const std::vector<std::string>& names);

/// Whether `names` has a switch; never in a release.
bool has_switch(const std::vector<std::string>& names, std::string_view name);

}  // namespace berth::cli
