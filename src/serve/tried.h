// SPDX-License-Identifier: Apache-2.0
#pragma once
// What came of trying a module before clients are sent to it, in words: an instance of it is made as for a
// request or, where its owner says what to ask, it has to answer that with a status below 500.
//
// Pure; safe on any thread.

#include <chrono>
#include <optional>

#include "base/result.h"
#include "engine/server.h"

namespace berth::serve {

/// How long it may take.
inline constexpr std::chrono::seconds kTrialTime{10};

/// Why it isn't to be served; nothing when it is.
std::optional<Error> wrong_with(const engine::Tried& tried, const engine::Probe* probe);

}  // namespace berth::serve
