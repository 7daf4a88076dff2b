// SPDX-License-Identifier: Apache-2.0
// What an open descriptor can be asked: status, offset, size, times, synchronising, closing, renumbering.

#include "check.h"
#include "fixture.h"

namespace {

constexpr __wasi_timestamp_t kThen = 1'000'000'000'500'000'000;

Cases status_cases() {
  return {
      {"fd_filestat_get:ok",
       [] {
         const __wasi_filestat_t status = stat(open(sandbox(), "file"));
         REQUIRE(equal(status.filetype, __WASI_FILETYPE_REGULAR_FILE));
         REQUIRE(equal(status.nlink, 1));
         return equal(status.size, sizeof kContents - 1);
       }},
      {"fd_filestat_get:ok:directory",
       [] { return equal(stat(open_folder(sandbox(), "dir")).filetype, __WASI_FILETYPE_DIRECTORY); }},
      {"fd_filestat_get:badf",
       [] {
         __wasi_filestat_t status;
         return answers(__wasi_fd_filestat_get(unopened(), &status), __WASI_ERRNO_BADF);
       }},
      {"fd_fdstat_get:ok",
       [] {
         __wasi_fdstat_t status;
         REQUIRE(answers(__wasi_fd_fdstat_get(open(sandbox(), "file"), &status), __WASI_ERRNO_SUCCESS));
         REQUIRE(equal(status.fs_filetype, __WASI_FILETYPE_REGULAR_FILE));
         return holds(status.fs_rights_base & __WASI_RIGHTS_FD_READ, "the right to read", "none");
       }},
      {"fd_fdstat_get:ok:append",
       [] {
         __wasi_fdstat_t status;
         const Opening opening{.flags = __WASI_OFLAGS_CREAT, .rights = kWrite, .mode = __WASI_FDFLAGS_APPEND};
         must(__wasi_fd_fdstat_get(open(scratch(), "new", opening), &status), "fd_fdstat_get");
         return equal(status.fs_flags & __WASI_FDFLAGS_APPEND, __WASI_FDFLAGS_APPEND);
       }},
      {"fd_fdstat_get:badf",
       [] {
         __wasi_fdstat_t status;
         return answers(__wasi_fd_fdstat_get(unopened(), &status), __WASI_ERRNO_BADF);
       }},
      {"fd_fdstat_set_flags:ok",
       [] {
         const Descriptor file = scratch_file("0123");
         REQUIRE(answers(__wasi_fd_fdstat_set_flags(file, __WASI_FDFLAGS_APPEND), __WASI_ERRNO_SUCCESS));
         size_t written;
         must(write(file, "ab", written), "fd_write");
         return equal(contents(file), "0123ab");
       }},
      {"fd_fdstat_set_flags:inval",
       [] {
         return answers(__wasi_fd_fdstat_set_flags(scratch_file(), __WASI_FDFLAGS_SYNC), __WASI_ERRNO_INVAL);
       }},
      {"fd_fdstat_set_flags:badf",
       [] { return answers(__wasi_fd_fdstat_set_flags(unopened(), 0), __WASI_ERRNO_BADF); }},
      {"fd_fdstat_set_rights:notsup",
       [] {
         return answers(__wasi_fd_fdstat_set_rights(open(sandbox(), "file"), kRead, kRead),
                        __WASI_ERRNO_NOTSUP);
       }},
      {"fd_fdstat_set_rights:badf",
       [] { return answers(__wasi_fd_fdstat_set_rights(unopened(), 0, 0), __WASI_ERRNO_BADF); }},
      {"fd_advise:ok",
       [] {
         return answers(__wasi_fd_advise(open(sandbox(), "file"), 0, 4, __WASI_ADVICE_SEQUENTIAL),
                        __WASI_ERRNO_SUCCESS);
       }},
      {"fd_advise:badf",
       [] { return answers(__wasi_fd_advise(unopened(), 0, 0, __WASI_ADVICE_NORMAL), __WASI_ERRNO_BADF); }},
      {"fd_advise:inval",
       [] {
         return answers(__wasi_fd_advise(open(sandbox(), "file"), 0, uint64_t{1} << 63, __WASI_ADVICE_NORMAL),
                        __WASI_ERRNO_INVAL);
       }},
      {"fd_allocate:notsup",
       [] { return answers(__wasi_fd_allocate(scratch_file(), 0, 10), __WASI_ERRNO_NOTSUP); }},
      {"fd_allocate:badf", [] { return answers(__wasi_fd_allocate(unopened(), 0, 10), __WASI_ERRNO_BADF); }},
  };
}

Cases change_cases() {
  return {
      {"fd_filestat_set_size:ok",
       [] {
         const Descriptor file = scratch_file("0123");
         REQUIRE(answers(__wasi_fd_filestat_set_size(file, 2), __WASI_ERRNO_SUCCESS));
         return equal(contents(file), "01");
       }},
      {"fd_filestat_set_size:badf",
       [] { return answers(__wasi_fd_filestat_set_size(unopened(), 0), __WASI_ERRNO_BADF); }},
      {"fd_filestat_set_size:badf:directory",
       [] { return answers(__wasi_fd_filestat_set_size(scratch(), 0), __WASI_ERRNO_BADF); }},
      {"fd_filestat_set_size:inval",
       [] {
         return answers(__wasi_fd_filestat_set_size(scratch_file(), uint64_t{1} << 63), __WASI_ERRNO_INVAL);
       }},
      {"fd_filestat_set_size:inval:read-only",
       [] { return answers(__wasi_fd_filestat_set_size(open(sandbox(), "file"), 1), __WASI_ERRNO_INVAL); }},
      {"fd_filestat_set_size:fbig",
       [] { return answers(__wasi_fd_filestat_set_size(scratch_file(), kTooLarge), __WASI_ERRNO_FBIG); }},
      {"fd_filestat_set_times:ok",
       [] {
         const Descriptor file = scratch_file();
         const __wasi_fstflags_t both = __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_MTIM;
         REQUIRE(
             answers(__wasi_fd_filestat_set_times(file, kThen, kThen + 1000, both), __WASI_ERRNO_SUCCESS));
         REQUIRE(equal(stat(file).atim, kThen));
         return equal(stat(file).mtim, kThen + 1000);
       }},
      {"fd_filestat_set_times:inval:both",
       [] {
         const __wasi_fstflags_t both = __WASI_FSTFLAGS_MTIM | __WASI_FSTFLAGS_MTIM_NOW;
         return answers(__wasi_fd_filestat_set_times(scratch_file(), 0, kThen, both), __WASI_ERRNO_INVAL);
       }},
      {"fd_filestat_set_times:badf",
       [] { return answers(__wasi_fd_filestat_set_times(unopened(), 0, 0, 0), __WASI_ERRNO_BADF); }},
      {"fd_sync:ok", [] { return answers(__wasi_fd_sync(scratch_file("x")), __WASI_ERRNO_SUCCESS); }},
      {"fd_sync:badf", [] { return answers(__wasi_fd_sync(unopened()), __WASI_ERRNO_BADF); }},
      {"fd_datasync:ok", [] { return answers(__wasi_fd_datasync(scratch_file("x")), __WASI_ERRNO_SUCCESS); }},
      {"fd_datasync:badf", [] { return answers(__wasi_fd_datasync(unopened()), __WASI_ERRNO_BADF); }},
  };
}

Outcome seeks(__wasi_filedelta_t delta, __wasi_whence_t whence, uint64_t expected) {
  const Descriptor file = scratch_file("0123456789");
  __wasi_filesize_t offset;
  must(__wasi_fd_seek(file, 4, __WASI_WHENCE_SET, &offset), "fd_seek");
  REQUIRE(answers(__wasi_fd_seek(file, delta, whence, &offset), __WASI_ERRNO_SUCCESS));
  REQUIRE(equal(offset, expected));
  REQUIRE(answers(__wasi_fd_tell(file, &offset), __WASI_ERRNO_SUCCESS));
  return equal(offset, expected);
}

Outcome seek_answers(Descriptor file, __wasi_filedelta_t delta, __wasi_whence_t whence, __wasi_errno_t code) {
  __wasi_filesize_t offset;
  return answers(__wasi_fd_seek(file, delta, whence, &offset), code);
}

Cases offset_cases() {
  return {
      {"fd_seek:ok", [] { return seeks(7, __WASI_WHENCE_SET, 7); }},
      {"fd_seek:ok:current", [] { return seeks(-1, __WASI_WHENCE_CUR, 3); }},
      {"fd_seek:ok:end", [] { return seeks(-2, __WASI_WHENCE_END, 8); }},
      {"fd_seek:ok:past-the-end", [] { return seeks(100, __WASI_WHENCE_END, 110); }},
      {"fd_seek:inval",
       [] { return seek_answers(scratch_file(), -1, __WASI_WHENCE_SET, __WASI_ERRNO_INVAL); }},
      {"fd_seek:inval:current",
       [] { return seek_answers(scratch_file(), -1, __WASI_WHENCE_CUR, __WASI_ERRNO_INVAL); }},
      {"fd_seek:inval:end",
       [] { return seek_answers(scratch_file(), -1, __WASI_WHENCE_END, __WASI_ERRNO_INVAL); }},
      {"fd_seek:badf", [] { return seek_answers(unopened(), 0, __WASI_WHENCE_SET, __WASI_ERRNO_BADF); }},
      {"fd_seek:badf:directory",
       [] { return seek_answers(scratch(), 0, __WASI_WHENCE_SET, __WASI_ERRNO_BADF); }},
      {"fd_seek:spipe", [] { return seek_answers(0, 0, __WASI_WHENCE_SET, __WASI_ERRNO_SPIPE); }},
      {"fd_tell:ok",
       [] {
         const Descriptor file = open(sandbox(), "file");
         std::string bytes;
         must(read(file, 5, bytes), "fd_read");
         __wasi_filesize_t offset;
         REQUIRE(answers(__wasi_fd_tell(file, &offset), __WASI_ERRNO_SUCCESS));
         return equal(offset, 5);
       }},
      {"fd_tell:badf",
       [] {
         __wasi_filesize_t offset;
         return answers(__wasi_fd_tell(unopened(), &offset), __WASI_ERRNO_BADF);
       }},
      {"fd_tell:spipe",
       [] {
         __wasi_filesize_t offset;
         return answers(__wasi_fd_tell(0, &offset), __WASI_ERRNO_SPIPE);
       }},
  };
}

Cases number_cases() {
  return {
      {"fd_close:ok",
       [] {
         const Descriptor file = scratch_file();
         REQUIRE(answers(__wasi_fd_close(file), __WASI_ERRNO_SUCCESS));
         return answers(__wasi_fd_close(file), __WASI_ERRNO_BADF);
       }},
      {"fd_close:badf", [] { return answers(__wasi_fd_close(unopened()), __WASI_ERRNO_BADF); }},
      {"fd_renumber:ok",
       [] {
         const Descriptor from = scratch_file("from"), to = scratch_file("to");
         REQUIRE(answers(__wasi_fd_renumber(from, to), __WASI_ERRNO_SUCCESS));
         REQUIRE(equal(contents(to), "from"));
         return answers(__wasi_fd_close(from), __WASI_ERRNO_BADF);
       }},
      {"fd_renumber:badf",
       [] { return answers(__wasi_fd_renumber(unopened(), scratch_file()), __WASI_ERRNO_BADF); }},
      {"fd_renumber:badf:target",
       [] { return answers(__wasi_fd_renumber(scratch_file(), unopened()), __WASI_ERRNO_BADF); }},
      {"fd_prestat_get:ok",
       [] {
         __wasi_prestat_t preopened;
         REQUIRE(answers(__wasi_fd_prestat_get(sandbox(), &preopened), __WASI_ERRNO_SUCCESS));
         REQUIRE(equal(preopened.tag, __WASI_PREOPENTYPE_DIR));
         return equal(preopened.u.dir.pr_name_len, 8);
       }},
      {"fd_prestat_get:badf",
       [] {
         __wasi_prestat_t preopened;
         return answers(__wasi_fd_prestat_get(unopened(), &preopened), __WASI_ERRNO_BADF);
       }},
      {"fd_prestat_get:badf:opened-later",
       [] {
         __wasi_prestat_t preopened;
         return answers(__wasi_fd_prestat_get(scratch(), &preopened), __WASI_ERRNO_BADF);
       }},
      {"fd_prestat_dir_name:ok",
       [] {
         std::string name(8, ' ');
         REQUIRE(answers(__wasi_fd_prestat_dir_name(sandbox(), reinterpret_cast<uint8_t*>(name.data()), 8),
                         __WASI_ERRNO_SUCCESS));
         return equal(name, "/sandbox");
       }},
      {"fd_prestat_dir_name:nametoolong",
       [] {
         uint8_t name[7];
         return answers(__wasi_fd_prestat_dir_name(sandbox(), name, sizeof name), __WASI_ERRNO_NAMETOOLONG);
       }},
      {"fd_prestat_dir_name:badf",
       [] {
         uint8_t name[8];
         return answers(__wasi_fd_prestat_dir_name(unopened(), name, sizeof name), __WASI_ERRNO_BADF);
       }},
  };
}

}  // namespace

Cases descriptor_cases() {
  Cases cases = status_cases();
  for (auto& more : {change_cases(), offset_cases(), number_cases()}) {
    for (const Case& one : more) cases.push_back(one);
  }
  return cases;
}
