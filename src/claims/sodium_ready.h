// SPDX-License-Identifier: Apache-2.0
#pragma once
// libsodium, made ready when it is first needed: a module without a token never needs it.
//
// For this room only. Any thread.

namespace berth::claims {

void sodium_ready();

}  // namespace berth::claims
