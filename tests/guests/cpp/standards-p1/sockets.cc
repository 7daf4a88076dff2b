// SPDX-License-Identifier: Apache-2.0
// The sockets of preview 1, which have no counterpart in 0.2: there are none, and each use of one says so.
// (The adapter by itself traps.)

#include "check.h"
#include "fixture.h"

Cases socket_cases() {
  return {
      {"sock_accept:notsup",
       [] {
         Descriptor accepted;
         return answers(__wasi_sock_accept(0, 0, &accepted), __WASI_ERRNO_NOTSUP);
       },
       Need::kAlone},
      {"sock_recv:notsup",
       [] {
         uint8_t byte;
         const __wasi_iovec_t piece{&byte, 1};
         size_t got;
         __wasi_roflags_t flags;
         return answers(__wasi_sock_recv(0, &piece, 1, 0, &got, &flags), __WASI_ERRNO_NOTSUP);
       },
       Need::kAlone},
      {"sock_send:notsup",
       [] {
         const __wasi_ciovec_t piece{reinterpret_cast<const uint8_t*>("x"), 1};
         size_t sent;
         return answers(__wasi_sock_send(1, &piece, 1, 0, &sent), __WASI_ERRNO_NOTSUP);
       },
       Need::kAlone},
      {"sock_shutdown:notsock",
       [] { return answers(__wasi_sock_shutdown(1, __WASI_SDFLAGS_WR), __WASI_ERRNO_NOTSOCK); }},
  };
}
