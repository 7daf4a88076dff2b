// SPDX-License-Identifier: Apache-2.0
#include "claims/sodium_ready.h"

#include <sodium.h>

#include <cstdlib>

namespace berth::claims {

void sodium_ready() {
  // It fails only where the system has no random numbers to give: nothing here could be relied on then.
  static const bool ready = sodium_init() >= 0;
  if (!ready) std::abort();
}

}  // namespace berth::claims
