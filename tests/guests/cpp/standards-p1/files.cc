// SPDX-License-Identifier: Apache-2.0
// Opening, reading and writing files.

#include "check.h"
#include "fixture.h"

namespace {

std::string names_of(Descriptor folder) {
  return joined(names(folder));
}

Cases opening_cases() {
  return {
      {"path_open:ok", [] { return equal(contents(open(sandbox(), "file")), kContents); }},
      {"path_open:ok:follow-link",
       [] { return equal(contents(open(sandbox(), "link-to-file")), kContents); }},
      {"path_open:ok:dots-inside", [] { return equal(contents(open(sandbox(), "dir/../file")), kContents); }},
      {"path_open:ok:create",
       [] {
         const Descriptor base = scratch();
         open(base, "new", {.flags = __WASI_OFLAGS_CREAT, .rights = kWrite});
         return equal(names_of(base), "new");
       }},
      {"path_open:ok:truncate",
       [] {
         const Descriptor base = scratch();
         new_file(base, "file", "long");
         return equal(stat(open(base, "file", {.flags = __WASI_OFLAGS_TRUNC, .rights = kWrite})).size, 0);
       }},
      {"path_open:exist",
       [] {
         Descriptor opened;
         const Opening opening{.flags = __WASI_OFLAGS_CREAT | __WASI_OFLAGS_EXCL, .rights = kWrite};
         return answers(try_open(sandbox(), "file", opening, opened), __WASI_ERRNO_EXIST);
       }},
      {"path_open:isdir",
       [] {
         Descriptor opened;
         return answers(try_open(sandbox(), "dir", {.rights = kRead | kWrite}, opened), __WASI_ERRNO_ISDIR);
       }},
      {"path_open:isdir:truncate",
       [] {
         Descriptor opened;
         const Opening opening{.flags = __WASI_OFLAGS_TRUNC, .rights = kRead | kWrite};
         return answers(try_open(sandbox(), "dir", opening, opened), __WASI_ERRNO_ISDIR);
       }},
      {"path_open:notdir:flag",
       [] {
         Descriptor opened;
         return answers(try_open(sandbox(), "file", {.flags = __WASI_OFLAGS_DIRECTORY}, opened),
                        __WASI_ERRNO_NOTDIR);
       }},
      {"path_open:loop:no-follow",
       [] {
         Descriptor opened;
         return answers(try_open(sandbox(), "link-to-file", {.lookup = kNoFollow}, opened),
                        __WASI_ERRNO_LOOP);
       }},
      {"path_open:inval:create-directory",
       [] {
         Descriptor opened;
         const Opening opening{.flags = __WASI_OFLAGS_CREAT | __WASI_OFLAGS_DIRECTORY};
         return answers(try_open(sandbox(), "new", opening, opened), __WASI_ERRNO_INVAL);
       }},
      {"path_open:notsup:sync",
       [] {
         Descriptor opened;
         const Opening opening{.rights = kRead | kWrite, .mode = __WASI_FDFLAGS_SYNC};
         return answers(try_open(sandbox(), "file", opening, opened), __WASI_ERRNO_NOTSUP);
       }},
      // POSIX says mfile; the adapter, which holds 128 descriptors, says nomem.
      {"path_open:nomem",
       [] {
         const Descriptor base = sandbox();
         for (int round = 0; round < 2000; ++round) {
           Descriptor opened;
           const __wasi_errno_t code = try_open(base, "file", {}, opened);
           if (code != __WASI_ERRNO_SUCCESS) return answers(code, __WASI_ERRNO_NOMEM);
         }
         return holds(false, "nomem", "no end");
       }},
      {"path_open:acces:file",
       [] {
         Descriptor opened;
         return answers(try_open(sandbox(), "locked-file", {}, opened), __WASI_ERRNO_ACCES);
       }},
  };
}

Cases reading_cases() {
  return {
      {"fd_read:ok",
       [] {
         const Descriptor file = open(sandbox(), "file");
         std::string first, second;
         REQUIRE(answers(read(file, 9, first), __WASI_ERRNO_SUCCESS));
         REQUIRE(answers(read(file, 100, second), __WASI_ERRNO_SUCCESS));
         REQUIRE(equal(first, "contents "));
         return equal(second, "of the file\n");
       }},
      {"fd_read:ok:end",
       [] {
         const Descriptor file = open(sandbox(), "empty");
         std::string bytes;
         REQUIRE(answers(read(file, 10, bytes), __WASI_ERRNO_SUCCESS));
         return equal(bytes, "");
       }},
      {"fd_read:badf",
       [] {
         std::string bytes;
         return answers(read(unopened(), 1, bytes), __WASI_ERRNO_BADF);
       }},
      {"fd_read:badf:write-only",
       [] {
         std::string bytes;
         return answers(read(open(sandbox(), "empty", {.rights = kWrite}), 1, bytes), __WASI_ERRNO_BADF);
       }},
      {"fd_read:badf:directory",
       [] {
         std::string bytes;
         return answers(read(open_folder(sandbox(), "dir"), 1, bytes), __WASI_ERRNO_BADF);
       }},
      {"fd_pread:ok",
       [] {
         const Descriptor file = open(sandbox(), "file");
         char buffer[2];
         const __wasi_iovec_t piece{reinterpret_cast<uint8_t*>(buffer), sizeof buffer};
         size_t got;
         REQUIRE(answers(__wasi_fd_pread(file, &piece, 1, 9, &got), __WASI_ERRNO_SUCCESS));
         REQUIRE(equal(std::string(buffer, got), "of"));
         __wasi_filesize_t offset;
         REQUIRE(answers(__wasi_fd_tell(file, &offset), __WASI_ERRNO_SUCCESS));
         return equal(offset, 0);
       }},
      {"fd_pread:badf",
       [] {
         uint8_t byte;
         const __wasi_iovec_t piece{&byte, 1};
         size_t got;
         return answers(__wasi_fd_pread(unopened(), &piece, 1, 0, &got), __WASI_ERRNO_BADF);
       }},
      {"fd_pread:inval",
       [] {
         uint8_t byte;
         const __wasi_iovec_t piece{&byte, 1};
         size_t got;
         return answers(__wasi_fd_pread(open(sandbox(), "file"), &piece, 1, uint64_t{1} << 63, &got),
                        __WASI_ERRNO_INVAL);
       }},
      {"fd_pread:inval:stdin",
       [] {
         uint8_t byte;
         const __wasi_iovec_t piece{&byte, 1};
         size_t got;
         return answers(__wasi_fd_pread(0, &piece, 1, 0, &got), __WASI_ERRNO_INVAL);
       }},
  };
}

Cases writing_cases() {
  return {
      {"fd_write:ok",
       [] {
         const Descriptor file = scratch_file();
         size_t written;
         REQUIRE(answers(write(file, "one ", written), __WASI_ERRNO_SUCCESS));
         REQUIRE(answers(write(file, "two", written), __WASI_ERRNO_SUCCESS));
         REQUIRE(equal(written, 3));
         return equal(contents(file), "one two");
       }},
      {"fd_write:ok:pieces",
       [] {
         const Descriptor file = scratch_file();
         const __wasi_ciovec_t pieces[] = {{reinterpret_cast<const uint8_t*>("ab"), 2},
                                           {reinterpret_cast<const uint8_t*>("cd"), 2}};
         size_t total = 0;
         while (total < 4) {
           size_t written;
           const __wasi_ciovec_t rest{pieces[total / 2].buf + total % 2,
                                      pieces[total / 2].buf_len - total % 2};
           REQUIRE(answers(total == 0 ? __wasi_fd_write(file, pieces, 2, &written)
                                      : __wasi_fd_write(file, &rest, 1, &written),
                           __WASI_ERRNO_SUCCESS));
           total += written;
         }
         return equal(contents(file), "abcd");
       }},
      {"fd_write:ok:append",
       [] {
         const Descriptor base = scratch();
         new_file(base, "file", "0123");
         const Descriptor file =
             open(base, "file", {.rights = kRead | kWrite, .mode = __WASI_FDFLAGS_APPEND});
         size_t written;
         REQUIRE(answers(write(file, "ab", written), __WASI_ERRNO_SUCCESS));
         return equal(contents(file), "0123ab");
       }},
      {"fd_write:badf",
       [] {
         size_t written;
         return answers(write(unopened(), "x", written), __WASI_ERRNO_BADF);
       }},
      {"fd_write:badf:read-only",
       [] {
         size_t written;
         return answers(write(open(sandbox(), "file"), "x", written), __WASI_ERRNO_BADF);
       }},
      {"fd_write:fbig",
       [] {
         const Descriptor file = scratch_file();
         __wasi_filesize_t offset;
         must(__wasi_fd_seek(file, kTooLarge, __WASI_WHENCE_SET, &offset), "fd_seek");
         size_t written;
         return answers(write(file, "x", written), __WASI_ERRNO_FBIG);
       }},
      {"fd_pwrite:ok",
       [] {
         const Descriptor file = scratch_file("0123456789");
         const __wasi_ciovec_t piece{reinterpret_cast<const uint8_t*>("abc"), 3};
         size_t written;
         REQUIRE(answers(__wasi_fd_pwrite(file, &piece, 1, 4, &written), __WASI_ERRNO_SUCCESS));
         REQUIRE(equal(written, 3));
         return equal(contents(file), "0123abc789");
       }},
      {"fd_pwrite:badf",
       [] {
         const __wasi_ciovec_t piece{reinterpret_cast<const uint8_t*>("x"), 1};
         size_t written;
         return answers(__wasi_fd_pwrite(open(sandbox(), "file"), &piece, 1, 0, &written), __WASI_ERRNO_BADF);
       }},
      {"fd_pwrite:fbig",
       [] {
         const __wasi_ciovec_t piece{reinterpret_cast<const uint8_t*>("x"), 1};
         size_t written;
         return answers(__wasi_fd_pwrite(scratch_file(), &piece, 1, kTooLarge, &written), __WASI_ERRNO_FBIG);
       }},
      {"fd_pwrite:inval",
       [] {
         const __wasi_ciovec_t piece{reinterpret_cast<const uint8_t*>("x"), 1};
         size_t written;
         return answers(__wasi_fd_pwrite(scratch_file(), &piece, 1, uint64_t{1} << 63, &written),
                        __WASI_ERRNO_INVAL);
       }},
      {"fd_pwrite:spipe",
       [] {
         const __wasi_ciovec_t piece{reinterpret_cast<const uint8_t*>("x"), 1};
         size_t written;
         return answers(__wasi_fd_pwrite(1, &piece, 1, 0, &written), __WASI_ERRNO_SPIPE);
       }},
  };
}

}  // namespace

Cases file_cases() {
  Cases cases = opening_cases();
  for (Case& one : reading_cases()) cases.push_back(std::move(one));
  for (Case& one : writing_cases()) cases.push_back(std::move(one));
  return cases;
}
