// SPDX-License-Identifier: Apache-2.0
#pragma once
// The folders a case works in: what the runner prepared (see tests/standards/run.py), and fresh ones for
// cases that change something. All of these have to work; see `must`.

#include <wasi/api.h>

#include <string>
#include <vector>

using Descriptor = __wasi_fd_t;

inline constexpr __wasi_lookupflags_t kFollow = __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW;
inline constexpr __wasi_lookupflags_t kNoFollow = 0;
inline constexpr __wasi_rights_t kRead =
    __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_SEEK | __WASI_RIGHTS_FD_TELL;
inline constexpr __wasi_rights_t kWrite = __WASI_RIGHTS_FD_WRITE;
inline constexpr __wasi_rights_t kAllOfFolder = ((__wasi_rights_t{1} << 30) - 1) & ~kWrite;
inline constexpr uint64_t kTooLarge = uint64_t{1} << 30;  // the runner limits files to less
inline constexpr char kContents[] = "contents of the file\n";

/// How to open a file; what isn't named is as for reading.
struct Opening {
  __wasi_lookupflags_t lookup = kFollow;
  __wasi_oflags_t flags = 0;
  __wasi_rights_t rights = kRead;
  __wasi_fdflags_t mode = 0;
};

Descriptor grant(const std::string& name);
Descriptor sandbox();   // read-write, prepared; cases only add to it
Descriptor other();     // a second one, empty at first
Descriptor readonly();  // the same contents, read-only
Descriptor phantom();   // the empty folder that stands for all that isn't granted

/// A fresh empty folder in the sandbox.
Descriptor scratch();
/// A name that no case of this process has used.
std::string fresh_name();

__wasi_errno_t try_open(Descriptor base, const std::string& path, Opening opening, Descriptor& opened);
Descriptor open(Descriptor base, const std::string& path, Opening opening = {});
Descriptor open_folder(Descriptor base, const std::string& path);
/// Closes whatever these have opened; done after each case, because a program may have few descriptors.
void close_opened();
/// A new file, open for reading and writing, its offset at 0.
Descriptor new_file(Descriptor base, const std::string& path, const std::string& contents = {});
Descriptor scratch_file(const std::string& contents = {});

/// All of a file, read without its offset.
std::string contents(Descriptor file);
/// The names in a folder without `.` and `..`, in order.
std::vector<std::string> names(Descriptor folder);
std::string joined(const std::vector<std::string>& words);

/// A number that no descriptor has.
Descriptor unopened();

__wasi_errno_t write(Descriptor file, const std::string& bytes, size_t& written);
__wasi_errno_t read(Descriptor file, size_t length, std::string& bytes);
__wasi_filestat_t stat(Descriptor file);
