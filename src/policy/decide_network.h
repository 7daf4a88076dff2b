// SPDX-License-Identifier: Apache-2.0
#pragma once
// Decisions about the doors to the network: what to send requests or connect to, what to listen on, which
// names to look up.
//
// A grant by name opens the ordinary addresses that the name has. Where a name leads to a special address
// (this machine, the local network, a metadata service), a grant that names that address is needed as
// well, so that nobody's name server decides what a guest reaches. The exception is `localhost`, granted by
// that name, leading to loopback. For this room only. Pure; safe on any thread.

#include "policy/decide.h"

namespace berth::policy {

Verdict decide_http_out(const Policy& policy, const Knock& knock);
Verdict decide_http_in(const Policy& policy, const Knock& knock);
Verdict decide_socket_out(const Policy& policy, const Knock& knock);
Verdict decide_socket_in(const Policy& policy, const Knock& knock);
Verdict decide_dns(const Policy& policy, const Knock& knock);

}  // namespace berth::policy
