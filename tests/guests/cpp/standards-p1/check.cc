// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include <cstdio>
#include <cstdlib>

namespace {

// In the order of their numbers.
constexpr const char* kErrnoNames[] = {
    "ok",          "2big",           "acces",       "addrinuse",   "addrnotavail",
    "afnosupport", "again",          "already",     "badf",        "badmsg",
    "busy",        "canceled",       "child",       "connaborted", "connrefused",
    "connreset",   "deadlk",         "destaddrreq", "dom",         "dquot",
    "exist",       "fault",          "fbig",        "hostunreach", "idrm",
    "ilseq",       "inprogress",     "intr",        "inval",       "io",
    "isconn",      "isdir",          "loop",        "mfile",       "mlink",
    "msgsize",     "multihop",       "nametoolong", "netdown",     "netreset",
    "netunreach",  "nfile",          "nobufs",      "nodev",       "noent",
    "noexec",      "nolck",          "nolink",      "nomem",       "nomsg",
    "noprotoopt",  "nospc",          "nosys",       "notconn",     "notdir",
    "notempty",    "notrecoverable", "notsock",     "notsup",      "notty",
    "nxio",        "overflow",       "ownerdead",   "perm",        "pipe",
    "proto",       "protonosupport", "prototype",   "range",       "rofs",
    "spipe",       "srch",           "stale",       "timedout",    "txtbsy",
    "xdev",        "notcapable",
};
static_assert(sizeof kErrnoNames / sizeof kErrnoNames[0] == __WASI_ERRNO_NOTCAPABLE + 1);

}  // namespace

std::string errno_name(__wasi_errno_t code) {
  return code <= __WASI_ERRNO_NOTCAPABLE ? kErrnoNames[code] : std::to_string(code);
}

Outcome answers(__wasi_errno_t got, __wasi_errno_t expected) {
  if (got == expected) return {};
  return Mismatch{errno_name(expected), errno_name(got)};
}

Outcome equal(uint64_t got, uint64_t expected) {
  if (got == expected) return {};
  return Mismatch{std::to_string(expected), std::to_string(got)};
}

Outcome equal(const std::string& got, const std::string& expected) {
  if (got == expected) return {};
  return Mismatch{"\"" + expected + "\"", "\"" + got + "\""};
}

Outcome holds(bool condition, const std::string& expected, const std::string& got) {
  if (condition) return {};
  return Mismatch{expected, got};
}

void must(__wasi_errno_t code, const char* what) {
  if (code == __WASI_ERRNO_SUCCESS) return;
  std::fprintf(stderr, "on the way to a question, %s failed: %s\n", what, errno_name(code).c_str());
  std::fflush(nullptr);
  std::abort();
}
