// SPDX-License-Identifier: Apache-2.0
#pragma once
// The words in which each room of limits says what was met and how to raise it. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "policy/policy.h"

namespace berth::host {

/// "once", "3 times".
std::string times(uint64_t count);

/// How to raise the limit `name`: by `option` ("--memory 64MiB"), unless it is the owner's that binds.
std::string how_to_raise(const policy::Effective& effective, std::string_view name, std::string_view option);

/// The same by `--limit name=more`.
std::string raised_to(const policy::Effective& effective, std::string_view name, std::string_view more);

}  // namespace berth::host
