// SPDX-License-Identifier: Apache-2.0
#pragma once
// Blocks as files, blocks/XY/HASH in two folders: where they stay, and a cache that anybody may empty at any
// time. One that a process moves from the one to the other is found by all others meanwhile.
//
// Any thread, any number of processes. Who removes something is alone (store.h).

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "providers/content/multihash.h"

namespace berth::content {

struct StoreFolders {
  std::string kept;
  std::string cached;
};

struct BlockFile {
  std::filesystem::path path;
  std::string name;  // a block's is its hash's; others were left aside
  uint64_t bytes = 0;
  int64_t used = 0;
  bool cached = false;
};

/// What the system said of a file, as kUnavailable.
std::unexpected<Error> file_error(std::string_view doing, const std::filesystem::path& path,
                                  const std::error_code& error);

std::string block_name(const Multihash& hash);
/// Nothing where it is no block's name.
std::optional<Multihash> hash_of_name(const std::string& name);

class BlockFiles {
 public:
  explicit BlockFiles(StoreFolders folders) : folders_(std::move(folders)) {}

  const StoreFolders& folders() const {
    return folders_;
  }
  /// The folders, where there are none. kDenied when others could write there.
  Result<void> make_folders() const;

  struct Found {
    Result<std::string> bytes;
    std::string path;
  };
  /// kNotFound where it is nowhere. Nothing is checked.
  Found find(const Multihash& hash) const;
  bool has(const Multihash& hash) const;
  /// Where it is, or would be put.
  std::string path(const Multihash& hash) const;

  /// As Store has them.
  Result<void> put(const Multihash& hash, std::string_view bytes) const;
  Result<void> cache(const Multihash& hash, std::string_view bytes) const;
  Result<void> stay(const Multihash& hash, std::string_view bytes) const;

  /// For who is alone: from the cache to where it stays; and back, where that takes nothing but another name.
  Result<void> move_to_kept(const BlockFile& file) const;
  void move_to_cache(const BlockFile& file) const;
  /// Whether it is in the cache for nothing, since it is where it stays as well.
  bool is_spare(const BlockFile& file) const;

  using Each = std::function<void(BlockFile file)>;
  /// Calls for each file, also for those left aside, and not for one that goes meanwhile.
  Result<void> each(const Each& call) const;
  /// The same for the folders XY.
  Result<void> each_in(std::string_view name, const Each& call) const;
  /// All XY.
  Result<std::set<std::string>> names_of_folders() const;

 private:
  std::string kept(std::string_view name) const;
  std::string cached(std::string_view name) const;
  Result<void> each_below(const std::string& within, const Each& call) const;

  StoreFolders folders_;
};

}  // namespace berth::content
