// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a registry's answer means where it isn't what was wanted. Pure; any thread.

#include <string_view>

#include "base/result.h"
#include "web/web.h"

namespace berth::registry {

/// An error for an answer that isn't what was wanted: with the status, and what an OCI registry says of it.
std::unexpected<Error> refused(const web::WebAnswer& answer, std::string_view doing);

}  // namespace berth::registry
