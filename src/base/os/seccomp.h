// SPDX-License-Identifier: Apache-2.0
#pragma once
// seccomp: system calls that this process doesn't get any more. Linux on x86-64 and aarch64.
//
// What berth never calls once a guest runs is refused with EPERM, and all else goes on: a list of what is
// allowed would end a user's run with the first call that another C library makes. Calls that are newer than
// the list answer ENOSYS, as an older kernel does. Looked at by their arguments: new threads are made, but no
// processes; sockets are of IPv4 and IPv6; nothing is put into a terminal's input; no memory becomes
// executable, since all machine code is mapped by then.

#include "base/result.h"

namespace berth {

/// Restricts all threads of this process. Needs no_new_privs.
Result<void> raise_seccomp();

}  // namespace berth
