// SPDX-License-Identifier: Apache-2.0
#pragma once
// The blocks that this user has, on their disk, for all processes of theirs.
//
// In the folder that backups take:
// - blocks/XY/HASH: each called by its hash, whatever CID it came under; its time is its last use
// - pins/CID.json: what stays, with all that is below it
// - coming/: locks of downloads, one a thing that is wanted
// - checked/XY: when the blocks in both blocks/XY were last read for damage
// - lock: shared by those who keep something, exclusive for who removes
// In the cache, which anybody may empty at any time:
// - blocks/XY/HASH: what was fetched. It moves to the others when a pin needs it, and back when none does.
//
// A block gets its name when it is whole, and is checked against it each time it is read, so one that a crash
// of the machine left behind half written is never taken for good. A pin is written when all its blocks are
// on the disk: that is the moment of acknowledgement. What isn't pinned goes by its last use. Any number of
// processes; `put` and `get` from any thread.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/os/locked_file.h"
#include "base/result.h"
#include "providers/content/block.h"
#include "providers/content/block_files.h"

namespace berth::content {

inline constexpr uint64_t kStoreBytes = 10ULL << 30;  // that may stay unless something else is asked

struct Pin {
  Cid root;
  std::string name;
  int64_t since = 0;  // seconds since 1970
};

struct Collected {
  uint64_t blocks = 0;  // that were removed
  uint64_t bytes = 0;
  uint64_t left_bytes = 0;
  uint64_t pinned_bytes = 0;
};

struct BlockDamage {
  std::string path;
  std::string what;
  bool removed = false;
};

struct CheckedBlocks {
  uint64_t blocks = 0;
  uint64_t bytes = 0;
  uint64_t pins = 0;
  std::vector<BlockDamage> damage;
  uint64_t busy = 0;  // folders that somebody was removing from: nothing of them was read
};

/// Whether somebody has just put all that is below a root, or had it stay.
enum class Below { kCheck, kPut };

/// Whether blocks that are damaged are removed.
enum class Repair { kNo, kYes };

/// While this lives nothing is removed from the store.
struct Keeping {
  LockedFile lock;
};

class Store : public BlockSource, public BlockSink {
 public:
  /// Makes its folders where there are none. kDenied when others could write there.
  static Result<std::unique_ptr<Store>> open(const StoreFolders& folders);
  /// Below the user's data folder, beside the modules that were pulled, and below their cache.
  static Result<std::unique_ptr<Store>> open_users();

  Result<std::string> get(const Cid& cid) override;
  /// Whoever wants it to stay has a Keeping.
  Result<void> put(const Cid& cid, std::string_view bytes) override;
  /// One that can be fetched again. Where the cache can't be written it goes where the others are.
  Result<void> cache(const Cid& cid, std::string_view bytes);
  /// One that was just read from here, and checked, is there whatever becomes of the cache. Whoever pins what
  /// they didn't put has each stay first.
  Result<void> stay(const Cid& cid, std::string_view bytes);
  bool has(const Cid& cid) const;

  /// Waits for a process that removes.
  Result<Keeping> keep() const;
  /// All that was put or stays since `keeping` is on the disk, all below the roots is there and was read, and
  /// they stay from now on. kNotFound that names a block that isn't there, kUnavailable for one that is
  /// damaged and for a disk that didn't take what was put: nothing of them is pinned then. A name that is
  /// empty leaves the one that was.
  Result<void> pin(const Keeping& keeping, std::span<const Cid> roots, std::string_view name,
                   Below below = Below::kCheck);
  Result<void> pin(const Keeping& keeping, const Cid& root, std::string_view name,
                   Below below = Below::kCheck);
  /// False when it wasn't.
  Result<bool> unpin(const Cid& root);
  /// kUnavailable for one that doesn't even say by its name what it keeps.
  Result<std::vector<Pin>> pins() const;

  /// Removes what is left aside, and blocks that no pin needs, those not used for the longest time first,
  /// until no more than `most_bytes` are taken; those that are left go to the cache. Nothing where somebody
  /// keeps or removes and it isn't waited for. kUnavailable, and nothing is removed, where it isn't known
  /// what a pin needs.
  Result<std::optional<Collected>> collect(uint64_t most_bytes, LockedFile::Wait wait);
  Result<uint64_t> size() const;
  /// Reads everything. A block that can't be read is told of and stays: only one whose bytes are wrong is
  /// removed. Nothing where somebody removes, or keeps while it is to be repaired, and it isn't waited for.
  Result<std::optional<CheckedBlocks>> verify(Repair repair, LockedFile::Wait wait);
  /// Those in blocks/ that nobody verified for that time.
  Result<std::vector<std::string>> folders_unchecked_for(std::chrono::seconds time) const;
  /// One of them, without the pins. Nothing where somebody removes; where somebody keeps, nothing is
  /// repaired.
  Result<std::optional<CheckedBlocks>> verify_folder(const std::string& name, Repair repair);

  const StoreFolders& folders() const {
    return files_.folders();
  }
  /// Where it is, or would be put.
  std::string block_path(const Cid& cid) const {
    return files_.path(cid.hash);
  }

 private:
  explicit Store(BlockFiles files) : files_(std::move(files)) {}
  std::string pin_path(const Cid& root) const;
  Result<std::optional<LockedFile>> lock(LockedFile::Lock how, LockedFile::Wait wait) const;
  Result<std::unordered_set<std::string>> all_pinned();

  const BlockFiles files_;
};

}  // namespace berth::content
