// SPDX-License-Identifier: Apache-2.0
// Folders, links and names: listing, making, removing, renaming.

#include <cstring>

#include "check.h"
#include "fixture.h"

namespace {

constexpr __wasi_timestamp_t kThen = 1'000'000'000'500'000'000;

Outcome readdir_answers(Descriptor folder, __wasi_dircookie_t cookie, __wasi_errno_t code) {
  uint8_t buffer[64];
  size_t used;
  return answers(__wasi_fd_readdir(folder, buffer, sizeof buffer, cookie, &used), code);
}

Outcome stat_is(Descriptor base, __wasi_lookupflags_t lookup, const char* path, __wasi_filetype_t type,
                uint64_t size) {
  __wasi_filestat_t status;
  REQUIRE(answers(__wasi_path_filestat_get(base, lookup, path, &status), __WASI_ERRNO_SUCCESS));
  REQUIRE(equal(status.filetype, type));
  return equal(status.size, size);
}

/// Reads a folder one entry at a time, each call on from the last one's cookie. The adapter tells `..` twice
/// where it was cut off, so only the names are counted.
Outcome lists_by_cookies() {
  const Descriptor folder = open_folder(sandbox(), "dir");
  __wasi_dircookie_t cookie = 0;
  size_t count = 0;
  while (true) {
    uint8_t buffer[sizeof(__wasi_dirent_t) + 6];  // the longest name has six letters
    size_t used;
    REQUIRE(answers(__wasi_fd_readdir(folder, buffer, sizeof buffer, cookie, &used), __WASI_ERRNO_SUCCESS));
    if (used < sizeof(__wasi_dirent_t)) return equal(count, 2);  // "inner", "nested"
    __wasi_dirent_t entry;
    std::memcpy(&entry, buffer, sizeof entry);
    cookie = entry.d_next;
    if (buffer[sizeof entry] != '.') ++count;
  }
}

Cases listing_cases() {
  return {
      {"fd_readdir:ok", [] { return equal(joined(names(open_folder(sandbox(), "dir"))), "inner nested"); }},
      {"fd_readdir:ok:empty", [] { return equal(joined(names(scratch())), ""); }},
      {"fd_readdir:ok:cookies", lists_by_cookies},
      {"fd_readdir:badf", [] { return readdir_answers(unopened(), 0, __WASI_ERRNO_BADF); }},
      {"fd_readdir:notdir", [] { return readdir_answers(open(sandbox(), "file"), 0, __WASI_ERRNO_NOTDIR); }},
      {"fd_readdir:ilseq",
       [] { return readdir_answers(open_folder(sandbox(), "not-unicode"), 2, __WASI_ERRNO_ILSEQ); }},
      {"path_filestat_get:ok",
       [] {
         return stat_is(sandbox(), kFollow, "link-to-file", __WASI_FILETYPE_REGULAR_FILE,
                        sizeof kContents - 1);
       }},
      {"path_filestat_get:ok:no-follow",
       [] { return stat_is(sandbox(), kNoFollow, "link-to-file", __WASI_FILETYPE_SYMBOLIC_LINK, 4); }},
      {"path_filestat_set_times:ok",
       [] {
         const Descriptor base = scratch();
         const Descriptor file = new_file(base, "file");
         const __wasi_fstflags_t both = __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_MTIM;
         REQUIRE(answers(__wasi_path_filestat_set_times(base, kNoFollow, "file", kThen, kThen, both),
                         __WASI_ERRNO_SUCCESS));
         return equal(stat(file).mtim, kThen);
       }},
      {"path_filestat_set_times:inval",
       [] {
         const __wasi_fstflags_t both = __WASI_FSTFLAGS_MTIM | __WASI_FSTFLAGS_MTIM_NOW;
         return answers(__wasi_path_filestat_set_times(sandbox(), kNoFollow, "file", 0, kThen, both),
                        __WASI_ERRNO_INVAL);
       }},
  };
}

Cases making_cases() {
  return {
      {"path_create_directory:ok",
       [] {
         const Descriptor base = scratch();
         REQUIRE(answers(__wasi_path_create_directory(base, "new"), __WASI_ERRNO_SUCCESS));
         return equal(stat(open_folder(base, "new")).filetype, __WASI_FILETYPE_DIRECTORY);
       }},
      {"path_create_directory:exist",
       [] { return answers(__wasi_path_create_directory(sandbox(), "dir"), __WASI_ERRNO_EXIST); }},
      {"path_remove_directory:ok",
       [] {
         const Descriptor base = scratch();
         must(__wasi_path_create_directory(base, "gone"), "path_create_directory");
         REQUIRE(answers(__wasi_path_remove_directory(base, "gone"), __WASI_ERRNO_SUCCESS));
         return equal(joined(names(base)), "");
       }},
      {"path_remove_directory:notempty",
       [] { return answers(__wasi_path_remove_directory(sandbox(), "dir"), __WASI_ERRNO_NOTEMPTY); }},
      {"path_remove_directory:notdir:itself",
       [] { return answers(__wasi_path_remove_directory(sandbox(), "file"), __WASI_ERRNO_NOTDIR); }},
      {"path_remove_directory:inval:dot",
       [] { return answers(__wasi_path_remove_directory(scratch(), "."), __WASI_ERRNO_INVAL); }},
      {"path_unlink_file:ok",
       [] {
         const Descriptor base = scratch();
         new_file(base, "gone");
         REQUIRE(answers(__wasi_path_unlink_file(base, "gone"), __WASI_ERRNO_SUCCESS));
         return equal(joined(names(base)), "");
       }},
      {"path_unlink_file:isdir",
       [] { return answers(__wasi_path_unlink_file(sandbox(), "dir"), __WASI_ERRNO_ISDIR); }},
      {"path_unlink_file:notdir:slash-at-the-end",
       [] { return answers(__wasi_path_unlink_file(sandbox(), "file/"), __WASI_ERRNO_NOTDIR); }},
  };
}

Cases link_cases() {
  return {
      {"path_link:ok",
       [] {
         const Descriptor base = scratch();
         const Descriptor file = new_file(base, "one", "shared");
         REQUIRE(answers(__wasi_path_link(base, kNoFollow, "one", base, "two"), __WASI_ERRNO_SUCCESS));
         REQUIRE(equal(stat(file).nlink, 2));
         return equal(contents(open(base, "two")), "shared");
       }},
      {"path_link:exist",
       [] {
         const Descriptor base = scratch();
         new_file(base, "one");
         new_file(base, "two");
         return answers(__wasi_path_link(base, kNoFollow, "one", base, "two"), __WASI_ERRNO_EXIST);
       }},
      {"path_link:perm:directory",
       [] {
         const Descriptor base = scratch();
         must(__wasi_path_create_directory(base, "dir"), "path_create_directory");
         return answers(__wasi_path_link(base, kNoFollow, "dir", base, "two"), __WASI_ERRNO_PERM);
       }},
      {"path_link:inval:follow",
       [] {
         const Descriptor base = scratch();
         new_file(base, "one");
         return answers(__wasi_path_link(base, kFollow, "one", base, "two"), __WASI_ERRNO_INVAL);
       }},
      {"path_symlink:ok",
       [] {
         const Descriptor base = scratch();
         REQUIRE(answers(__wasi_path_symlink("some/where", base, "link"), __WASI_ERRNO_SUCCESS));
         char buffer[64];
         size_t used;
         REQUIRE(answers(
             __wasi_path_readlink(base, "link", reinterpret_cast<uint8_t*>(buffer), sizeof buffer, &used),
             __WASI_ERRNO_SUCCESS));
         return equal(std::string(buffer, used), "some/where");
       }},
      {"path_symlink:exist",
       [] { return answers(__wasi_path_symlink("any", sandbox(), "file"), __WASI_ERRNO_EXIST); }},
      {"path_symlink:perm:absolute-target",
       [] { return answers(__wasi_path_symlink("/etc/passwd", scratch(), "link"), __WASI_ERRNO_PERM); }},
      {"path_readlink:ok",
       [] {
         char buffer[64];
         size_t used;
         REQUIRE(answers(__wasi_path_readlink(sandbox(), "link-to-file", reinterpret_cast<uint8_t*>(buffer),
                                              sizeof buffer, &used),
                         __WASI_ERRNO_SUCCESS));
         return equal(std::string(buffer, used), "file");
       }},
      {"path_readlink:ok:cut-off",
       [] {
         char buffer[2];
         size_t used;
         REQUIRE(answers(__wasi_path_readlink(sandbox(), "link-to-file", reinterpret_cast<uint8_t*>(buffer),
                                              sizeof buffer, &used),
                         __WASI_ERRNO_SUCCESS));
         return equal(std::string(buffer, used), "fi");
       }},
      {"path_readlink:inval",
       [] {
         uint8_t buffer[64];
         size_t used;
         return answers(__wasi_path_readlink(sandbox(), "file", buffer, sizeof buffer, &used),
                        __WASI_ERRNO_INVAL);
       }},
      {"path_readlink:ilseq",
       [] {
         uint8_t buffer[64];
         size_t used;
         return answers(__wasi_path_readlink(sandbox(), "link-not-unicode", buffer, sizeof buffer, &used),
                        __WASI_ERRNO_ILSEQ);
       }},
      {"path_readlink:perm:absolute-target",
       [] {
         uint8_t buffer[64];
         size_t used;
         return answers(__wasi_path_readlink(sandbox(), "link-absolute", buffer, sizeof buffer, &used),
                        __WASI_ERRNO_PERM);
       }},
  };
}

/// A folder with the empty folders `one` and `two` and the file `file`.
Descriptor two_folders() {
  const Descriptor base = scratch();
  must(__wasi_path_create_directory(base, "one"), "path_create_directory");
  must(__wasi_path_create_directory(base, "two"), "path_create_directory");
  new_file(base, "file", "moved");
  return base;
}

Outcome rename_answers(const char* from, const char* to, __wasi_errno_t code) {
  const Descriptor base = two_folders();
  return answers(__wasi_path_rename(base, from, base, to), code);
}

Cases rename_cases() {
  return {
      {"path_rename:ok",
       [] {
         const Descriptor base = two_folders();
         REQUIRE(answers(__wasi_path_rename(base, "file", base, "new"), __WASI_ERRNO_SUCCESS));
         return equal(joined(names(base)), "new one two");
       }},
      {"path_rename:ok:replace",
       [] {
         const Descriptor base = two_folders();
         new_file(base, "new", "replaced");
         REQUIRE(answers(__wasi_path_rename(base, "file", base, "new"), __WASI_ERRNO_SUCCESS));
         return equal(contents(open(base, "new")), "moved");
       }},
      {"path_rename:ok:empty-directory", [] { return rename_answers("one", "two", __WASI_ERRNO_SUCCESS); }},
      {"path_rename:notdir:onto-file", [] { return rename_answers("one", "file", __WASI_ERRNO_NOTDIR); }},
      {"path_rename:isdir", [] { return rename_answers("file", "one", __WASI_ERRNO_ISDIR); }},
      {"path_rename:inval", [] { return rename_answers("one", "one/below", __WASI_ERRNO_INVAL); }},
      {"path_rename:busy:dot", [] { return rename_answers(".", "new", __WASI_ERRNO_BUSY); }},
      {"path_rename:notempty",
       [] {
         const Descriptor base = two_folders();
         new_file(base, "two/file");
         return answers(__wasi_path_rename(base, "one", base, "two"), __WASI_ERRNO_NOTEMPTY);
       }},
  };
}

}  // namespace

Cases folder_cases() {
  Cases cases = listing_cases();
  for (auto& more : {making_cases(), link_cases(), rename_cases()}) {
    for (const Case& one : more) cases.push_back(one);
  }
  return cases;
}
