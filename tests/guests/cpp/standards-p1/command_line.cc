// SPDX-License-Identifier: Apache-2.0
// Arguments, variables, standard streams and exit. Most need a process of their own: who runs them prepares
// the streams and judges the exit status and the output; see `alone_p1` in tests/standards/run.py.

#include <cstdio>
#include <cstdlib>

#include "check.h"
#include "fixture.h"

namespace {

using Sizes = __wasi_errno_t (*)(size_t*, size_t*);
using Get = __wasi_errno_t (*)(uint8_t**, uint8_t*);

/// Prints each string on a line of its own.
Outcome prints(Sizes sizes, Get get) {
  size_t count, bytes;
  REQUIRE(answers(sizes(&count, &bytes), __WASI_ERRNO_SUCCESS));
  std::vector<uint8_t*> pointers(count);
  std::vector<uint8_t> text(bytes);
  REQUIRE(answers(get(pointers.data(), text.data()), __WASI_ERRNO_SUCCESS));
  for (const uint8_t* one : pointers) std::printf("[%s]\n", reinterpret_cast<const char*>(one));
  std::printf("%zu strings, %zu bytes\n", count, bytes);
  return {};
}

Outcome echoes_stdin() {
  while (true) {
    std::string bytes;
    REQUIRE(answers(read(0, 1000, bytes), __WASI_ERRNO_SUCCESS));
    if (bytes.empty()) return {};
    for (size_t sent = 0, written; sent < bytes.size(); sent += written) {
      REQUIRE(answers(write(1, bytes.substr(sent), written), __WASI_ERRNO_SUCCESS));
    }
  }
}

/// Writes until the reader's absence shows, and tells so on stderr.
Outcome writes_to_closed_stdout() {
  for (int round = 0; round < 100; ++round) {
    size_t written;
    const __wasi_errno_t code = write(1, std::string(4096, 'x'), written);
    if (code == __WASI_ERRNO_SUCCESS) continue;
    std::fprintf(stderr, "%s\n", errno_name(code).c_str());
    __wasi_proc_exit(0);
  }
  std::fprintf(stderr, "never closed\n");
  __wasi_proc_exit(1);
}

Case alone(const std::string& name, std::function<Outcome()> run) {
  return {name, std::move(run), Need::kAlone};
}

}  // namespace

Cases command_line_cases() {
  Cases cases = {
      {"fd_write:ok:stdout",
       [] {
         size_t written;
         REQUIRE(answers(write(1, "said on stdout\n", written), __WASI_ERRNO_SUCCESS));
         return equal(written, 15);
       }},
      {"fd_write:ok:stderr",
       [] {
         size_t written;
         return answers(write(2, "said on stderr\n", written), __WASI_ERRNO_SUCCESS);
       }},
      {"fd_read:badf:stdout",
       [] {
         std::string bytes;
         return answers(read(1, 1, bytes), __WASI_ERRNO_BADF);
       }},
      {"fd_write:badf:stdin",
       [] {
         size_t written;
         return answers(write(0, "x", written), __WASI_ERRNO_BADF);
       }},
      alone("args_get:ok", [] { return prints(__wasi_args_sizes_get, __wasi_args_get); }),
      alone("environ_get:ok", [] { return prints(__wasi_environ_sizes_get, __wasi_environ_get); }),
      alone("fd_read:ok:stdin", echoes_stdin),
      alone("fd_read:ok:stdin-empty",
            [] {
              std::string bytes = "x";
              REQUIRE(answers(read(0, 1, bytes), __WASI_ERRNO_SUCCESS));
              return equal(bytes, "");
            }),
      alone("fd_write:io", writes_to_closed_stdout),
      alone("fd_fdstat_get:ok:terminal",
            [] {
              __wasi_fdstat_t status;
              must(__wasi_fd_fdstat_get(1, &status), "fd_fdstat_get");
              return equal(status.fs_filetype, __WASI_FILETYPE_CHARACTER_DEVICE);
            }),
      alone("main:trap", []() -> Outcome { __builtin_trap(); }),
      alone("main:ok:return-3", []() -> Outcome { std::exit(3); }),
  };
  for (const int status : {0, 1, 2, 7, 125}) {
    cases.push_back(
        alone("proc_exit:ok:" + std::to_string(status), [status]() -> Outcome { __wasi_proc_exit(status); }));
  }
  return cases;
}
