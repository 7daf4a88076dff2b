// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a module's work ended, as an error for the program that called it.

#include <string_view>

#include "base/result.h"
#include "engine/guest.h"

namespace berth::embed {

/// `what` ended so: "the call", "its start".
Error error_of(const engine::Outcome& outcome, std::string_view module, std::string_view what);

/// An error with the module that it is about.
std::unexpected<Error> named(std::string_view module, Error error);

/// A second call beside one that goes on.
std::unexpected<Error> busy();

}  // namespace berth::embed
