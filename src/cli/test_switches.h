// SPDX-License-Identifier: Apache-2.0
#pragma once
// The switches with which a hostile test turns one guard off and must then fail. Compiled in only where
// BERTH_TEST_SWITCHES is on; a release has no such option, and its engine ignores the bits.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace berth::cli {

#ifdef BERTH_TEST_SWITCHES
inline constexpr bool kTestSwitches = true;
#else
inline constexpr bool kTestSwitches = false;
#endif

/// The engine's bits for guards by name; "cache-auth" and "compile" are not the engine's and give none.
Result<uint64_t> guard_bits(const std::vector<std::string>& names);

bool has_compile_switch(const std::vector<std::string>& names);
bool has_cache_switch(const std::vector<std::string>& names);

}  // namespace berth::cli
