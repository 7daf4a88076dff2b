// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who wrote a grant. An asker says exactly what a module gets; an owner says what anyone may get at most,
// and may leave more open: any guest path (`files /srv/data:*:ro`, or no guest path at all), any name
// (`env *`).
//
// Pure; safe on any thread.

namespace berth::policy {

enum class Role { kAsker, kOwner };

}  // namespace berth::policy
