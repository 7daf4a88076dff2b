// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "check.h"

namespace {

std::vector<Descriptor> opened_descriptors;

}  // namespace

Descriptor grant(const std::string& name) {
  __wasi_prestat_t preopened;
  for (Descriptor folder = 3; __wasi_fd_prestat_get(folder, &preopened) == __WASI_ERRNO_SUCCESS; ++folder) {
    std::string path(preopened.u.dir.pr_name_len, '\0');
    must(__wasi_fd_prestat_dir_name(folder, reinterpret_cast<uint8_t*>(path.data()), path.size()),
         "prestat_dir_name");
    if (path == name) return folder;
  }
  std::fprintf(stderr, "there is no grant called %s\n", name.c_str());
  std::abort();
}

Descriptor sandbox() {
  return grant("/sandbox");
}
Descriptor other() {
  return grant("/other");
}
Descriptor readonly() {
  return grant("/readonly");
}
Descriptor phantom() {
  return grant("/");
}

Descriptor scratch() {
  const std::string name = fresh_name();
  must(__wasi_path_create_directory(sandbox(), name.c_str()), "path_create_directory");
  return open_folder(sandbox(), name);
}

std::string fresh_name() {
  static int next = 0;
  return "fresh-" + std::to_string(next++);
}

__wasi_errno_t try_open(Descriptor base, const std::string& path, Opening opening, Descriptor& opened) {
  const __wasi_errno_t code = __wasi_path_open(base, opening.lookup, path.c_str(), opening.flags,
                                               opening.rights, opening.rights, opening.mode, &opened);
  if (code == __WASI_ERRNO_SUCCESS) opened_descriptors.push_back(opened);
  return code;
}

void close_opened() {
  // A case may have closed or renumbered some of them: what this answers says nothing.
  for (const Descriptor descriptor : opened_descriptors) (void)!__wasi_fd_close(descriptor);
  opened_descriptors.clear();
}

Descriptor open(Descriptor base, const std::string& path, Opening opening) {
  Descriptor opened;
  must(try_open(base, path, opening, opened), "path_open");
  return opened;
}

Descriptor open_folder(Descriptor base, const std::string& path) {
  return open(base, path, {.flags = __WASI_OFLAGS_DIRECTORY, .rights = kAllOfFolder});
}

Descriptor new_file(Descriptor base, const std::string& path, const std::string& contents) {
  const Descriptor file =
      open(base, path, {.flags = __WASI_OFLAGS_CREAT | __WASI_OFLAGS_EXCL, .rights = kRead | kWrite});
  const __wasi_ciovec_t piece{reinterpret_cast<const uint8_t*>(contents.data()), contents.size()};
  size_t written;
  must(__wasi_fd_pwrite(file, &piece, 1, 0, &written), "fd_pwrite");
  return file;
}

Descriptor scratch_file(const std::string& contents) {
  return new_file(scratch(), "file", contents);
}

std::string contents(Descriptor file) {
  std::string all;
  uint8_t buffer[4096];
  const __wasi_iovec_t piece{buffer, sizeof buffer};
  size_t got;
  do {
    must(__wasi_fd_pread(file, &piece, 1, all.size(), &got), "fd_pread");
    all.append(reinterpret_cast<char*>(buffer), got);
  } while (got > 0);
  return all;
}

std::vector<std::string> names(Descriptor folder) {
  std::vector<std::string> found;
  uint8_t buffer[8192];
  size_t used;
  must(__wasi_fd_readdir(folder, buffer, sizeof buffer, 0, &used), "fd_readdir");
  for (size_t at = 0; at + sizeof(__wasi_dirent_t) <= used;) {
    __wasi_dirent_t entry;
    std::memcpy(&entry, buffer + at, sizeof entry);
    at += sizeof entry;
    std::string name(reinterpret_cast<char*>(buffer + at), std::min<size_t>(entry.d_namlen, used - at));
    if (name != "." && name != "..") found.push_back(name);
    at += entry.d_namlen;
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : " ") + word;
  return all;
}

Descriptor unopened() {
  return 1000;
}

__wasi_errno_t write(Descriptor file, const std::string& bytes, size_t& written) {
  const __wasi_ciovec_t piece{reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
  return __wasi_fd_write(file, &piece, 1, &written);
}

__wasi_errno_t read(Descriptor file, size_t length, std::string& bytes) {
  bytes.resize(length);
  const __wasi_iovec_t piece{reinterpret_cast<uint8_t*>(bytes.data()), length};
  size_t got = 0;
  const __wasi_errno_t code = __wasi_fd_read(file, &piece, 1, &got);
  bytes.resize(code == __WASI_ERRNO_SUCCESS ? got : 0);
  return code;
}

__wasi_filestat_t stat(Descriptor file) {
  __wasi_filestat_t status;
  must(__wasi_fd_filestat_get(file, &status), "fd_filestat_get");
  return status;
}
