// SPDX-License-Identifier: Apache-2.0
#pragma once
// A module's way to a registry: its bytes, its config and the manifest that names both, last.
//
// Blocks on servers. Any thread; each call by itself.

#include <string_view>

#include "base/digest.h"
#include "base/result.h"
#include "registry/manifest.h"
#include "registry/name.h"
#include "registry/origin.h"

namespace berth::registry {

/// The digest of the manifest that stands behind the name then.
Result<Digest> push(const OciName& to, const PushedModule& module, std::string_view bytes,
                    const OriginOptions& options);

}  // namespace berth::registry
