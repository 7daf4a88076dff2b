// SPDX-License-Identifier: Apache-2.0
// What berth promises beyond the specification: a read-only grant stays as it is, what isn't granted looks
// empty, pipes stay shut, and nothing moves from one grant to another.

#include "check.h"
#include "fixture.h"

namespace {

Outcome open_answers(Descriptor base, const char* path, Opening opening, __wasi_errno_t code) {
  Descriptor opened;
  return answers(try_open(base, path, opening, opened), code);
}

Cases readonly_cases() {
  return {
      {"path_open:ok:readonly", [] { return equal(contents(open(readonly(), "file")), kContents); }},
      {"path_open:perm:readonly-write",
       [] { return open_answers(readonly(), "file", {.rights = kRead | kWrite}, __WASI_ERRNO_PERM); }},
      {"path_open:perm:readonly-create",
       [] { return open_answers(readonly(), "new", {.flags = __WASI_OFLAGS_CREAT}, __WASI_ERRNO_PERM); }},
      {"path_open:perm:readonly-truncate",
       [] { return open_answers(readonly(), "file", {.flags = __WASI_OFLAGS_TRUNC}, __WASI_ERRNO_PERM); }},
      {"fd_filestat_set_size:perm:readonly",
       [] { return answers(__wasi_fd_filestat_set_size(open(readonly(), "file"), 0), __WASI_ERRNO_PERM); }},
      {"fd_filestat_set_times:perm:readonly",
       [] {
         return answers(
             __wasi_fd_filestat_set_times(open(readonly(), "file"), 0, 0, __WASI_FSTFLAGS_MTIM_NOW),
             __WASI_ERRNO_PERM);
       }},
      {"fd_write:perm:readonly",
       [] {
         size_t written;
         return answers(write(open(readonly(), "file"), "x", written), __WASI_ERRNO_PERM);
       }},
      {"path_link:perm:readonly",
       [] {
         return answers(__wasi_path_link(readonly(), kNoFollow, "file", readonly(), "new"),
                        __WASI_ERRNO_PERM);
       }},
      {"path_rename:perm:readonly",
       [] { return answers(__wasi_path_rename(readonly(), "file", readonly(), "new"), __WASI_ERRNO_PERM); }},
  };
}

Cases other_cases() {
  return {
      {"fd_readdir:ok:phantom", [] { return equal(joined(names(phantom())), ""); }},
      {"path_open:ok:phantom",
       [] { return open_answers(phantom(), ".", {.flags = __WASI_OFLAGS_DIRECTORY}, __WASI_ERRNO_SUCCESS); }},
      {"path_open:perm:phantom-create",
       [] {
         return open_answers(phantom(), "new", {.flags = __WASI_OFLAGS_CREAT, .rights = kWrite},
                             __WASI_ERRNO_PERM);
       }},
      {"path_open:perm:fifo", [] { return open_answers(sandbox(), "fifo", {}, __WASI_ERRNO_PERM); }},
      {"path_open:perm:fifo-write",
       [] { return open_answers(sandbox(), "fifo", {.rights = kWrite}, __WASI_ERRNO_PERM); }},
      {"path_open:perm:socket", [] { return open_answers(sandbox(), "socket", {}, __WASI_ERRNO_PERM); }},
      {"path_rename:xdev",
       [] {
         const std::string name = fresh_name();
         new_file(sandbox(), name);
         return answers(__wasi_path_rename(sandbox(), name.c_str(), other(), name.c_str()),
                        __WASI_ERRNO_XDEV);
       }},
      {"path_link:xdev",
       [] {
         const std::string name = fresh_name();
         new_file(sandbox(), name);
         return answers(__wasi_path_link(sandbox(), kNoFollow, name.c_str(), other(), name.c_str()),
                        __WASI_ERRNO_XDEV);
       }},
  };
}

}  // namespace

Cases permission_cases() {
  Cases cases = readonly_cases();
  for (Case& one : other_cases()) cases.push_back(std::move(one));
  for (Case& one : cases) one.need = Need::kBerth;
  return cases;
}
