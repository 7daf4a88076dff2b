// SPDX-License-Identifier: Apache-2.0
#include "base/os/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/os/descriptor.h"

namespace berth {
namespace {

constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

using Inode = std::pair<dev_t, ino_t>;

/// What is done on the way; each gives an error of the system's, or 0.
struct Visitor {
  std::function<int(int folder, const char* name, const struct stat& about)> entry;
  std::function<int(int folder, const char* name)> leave;  // behind all that lies in it
};

/// A folder on the way down.
struct Level {
  std::string name;
  Inode inode;
  std::vector<std::string> folders;  // still to be visited
};

Inode inode_of(const struct stat& about) {
  return {about.st_dev, about.st_ino};
}

/// Visits a folder's entries; the folders among them are kept for later.
int list(int folder, const Visitor& visitor, Level& level) {
  struct stat itself = {};
  if (::fstat(folder, &itself) != 0) return errno;
  level.inode = inode_of(itself);
  const int again = ::openat(folder, ".", kFolder);
  if (again < 0) return errno;
  DIR* const entries = ::fdopendir(again);  // owns `again`
  if (entries == nullptr) {
    const int error = errno;
    ::close(again);
    return error;
  }
  int error = 0;
  while (error == 0) {
    errno = 0;
    const dirent* const entry = ::readdir(entries);  // NOLINT(concurrency-mt-unsafe): this folder's own
    if (entry == nullptr) {
      error = errno;
      break;
    }
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat about = {};
    if (::fstatat(folder, entry->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno != ENOENT) error = errno;
      continue;
    }
    error = visitor.entry(folder, entry->d_name, about);
    if (S_ISDIR(about.st_mode)) level.folders.emplace_back(name);
  }
  ::closedir(entries);
  return error;
}

int walk(const std::string& path, const Visitor& visitor) {
  Descriptor here(::open(path.c_str(), kFolder));
  if (!here.opened()) return errno;
  std::vector<Level> levels(1);
  if (const int error = list(here.get(), visitor, levels.back()); error != 0) return error;
  for (;;) {
    if (!levels.back().folders.empty()) {
      Level below{.name = std::move(levels.back().folders.back()), .inode = {}, .folders = {}};
      levels.back().folders.pop_back();
      Descriptor folder(::openat(here.get(), below.name.c_str(), kFolder));
      // Removed, or something else put in its place.
      if (!folder.opened() && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) continue;
      if (!folder.opened()) return errno;
      here = std::move(folder);
      if (const int error = list(here.get(), visitor, below); error != 0) return error;
      levels.push_back(std::move(below));
      continue;
    }
    const std::string name = std::move(levels.back().name);
    levels.pop_back();
    if (levels.empty()) return 0;
    Descriptor above(::openat(here.get(), "..", kFolder));
    if (!above.opened()) return errno;
    struct stat about = {};
    if (::fstat(above.get(), &about) != 0) return errno;
    if (inode_of(about) != levels.back().inode) return EBUSY;  // moved meanwhile
    here = std::move(above);
    if (const int error = visitor.leave(here.get(), name.c_str()); error != 0) return error;
  }
}

std::unexpected<Error> os_error(std::string_view doing, const std::string& path, int error) {
  const ErrorCode code = error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kUnavailable;
  return fail(code, fmt::format("{} '{}': {}", doing, path, std::strerror(error)));
}

int unless_gone(int done) {
  return done == 0 || errno == ENOENT ? 0 : errno;
}

}  // namespace

Result<TreeSize> measure_tree(const std::string& path) {
  TreeSize size;
  std::set<Inode> with_more_names;
  const Visitor visitor{.entry =
                            [&](int, const char*, const struct stat& about) {
                              const bool more_names = !S_ISDIR(about.st_mode) && about.st_nlink > 1;
                              if (more_names && !with_more_names.insert(inode_of(about)).second) return 0;
                              ++size.files;
                              if (S_ISREG(about.st_mode)) size.bytes += static_cast<uint64_t>(about.st_size);
                              return 0;
                            },
                        .leave = [](int, const char*) { return 0; }};
  if (const int error = walk(path, visitor); error != 0) return os_error("measuring", path, error);
  return size;
}

Result<void> remove_tree(const std::string& path) {
  const Visitor visitor{
      .entry =
          [](int folder, const char* name, const struct stat& about) {
            return S_ISDIR(about.st_mode) ? 0 : unless_gone(::unlinkat(folder, name, 0));
          },
      .leave = [](int folder,
                  const char* name) { return unless_gone(::unlinkat(folder, name, AT_REMOVEDIR)); }};
  int error = walk(path, visitor);
  if (error == 0) error = unless_gone(::rmdir(path.c_str()));
  if (error != 0) return os_error("removing", path, error);
  return {};
}

}  // namespace berth
