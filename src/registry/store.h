// SPDX-License-Identifier: Apache-2.0
#pragma once
// The modules that were pulled, on this user's disk, for all processes of theirs: blobs by their digest, and
// names that stand for them.
//
// - blobs/HEX: modules and manifests, each called by the SHA-256 of its bytes; its time is its last use
// - names/HEX.json: a Record, called by the SHA-256 of its name
// - partial/HEX: a blob that comes, or one whose coming was cut off
//
// A name is written when its blobs are on the disk, and each file gets its own name when it is whole:
// whenever a process or the machine stops, what was acknowledged is there and nothing else is seen. Whoever
// uses a blob has a shared lock of its file; whoever removes it has to have it alone. Any number of
// processes; each object one thread at a time.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/os/locked_file.h"
#include "base/result.h"
#include "registry/incoming.h"
#include "registry/record.h"

namespace berth::registry {

/// A blob, which stays for as long as this lives.
struct Blob {
  LockedFile file;
};

/// A blob that is there already, or the way to bring it.
struct Wanted {
  std::optional<Blob> there;
  std::unique_ptr<Incoming> incoming;
};

/// What was taken away.
struct Removed {
  uint64_t blobs = 0;
  uint64_t bytes = 0;
  std::vector<std::string> names;  // that were given up for room
};

/// What is wrong with the store.
struct Damage {
  enum class Kind { kBlob, kMissing, kRecord };
  Kind kind = Kind::kBlob;
  std::string path;
  std::vector<std::string> names;  // that stand for it
  std::string what;
};

struct Checked {
  uint64_t blobs = 0;
  uint64_t bytes = 0;
  uint64_t names = 0;
  std::vector<Damage> damage;
};

enum class Trust { kName, kBytes };

class Store {
 public:
  /// Makes its folders where there are none. kDenied when others could write there.
  static Result<Store> open(const std::string& folder);
  /// Below the user's data folder.
  static Result<Store> open_users();

  const std::string& folder() const {
    return folder_;
  }

  /// Nothing when it isn't there; with kBytes also when its bytes aren't those, and it is removed.
  Result<std::optional<Blob>> find(const Digest& digest, Trust trust = Trust::kName) const;
  /// All bytes of a small blob, which are those.
  Result<std::optional<std::string>> read(const Digest& digest, uint64_t most_bytes) const;

  /// Waits for another process that brings the same blob; then it is there. `waits` is called before.
  Result<Wanted> want(const Digest& digest, const std::function<void()>& waits = {}) const;
  /// For bytes whose digest nobody knows yet.
  Result<std::unique_ptr<Incoming>> want_unknown() const;
  /// The bytes that came become a blob. kInvalidModule when they aren't those that were wanted, and they are
  /// dropped.
  Result<Blob> keep(std::unique_ptr<Incoming> incoming, const std::optional<Digest>& wanted) const;
  /// The same for bytes at hand.
  Result<Blob> keep(std::string_view bytes) const;

  /// Its blobs are held by the caller until this is done.
  Result<void> put(const Record& record) const;
  Result<std::optional<Record>> record(const std::string& name) const;
  /// Those that can be read, by name.
  Result<std::vector<Record>> records() const;
  /// False when there is no such name. Its blobs go with it, unless others need or use them.
  Result<bool> remove(const std::string& name) const;

  /// Removes blobs without a name, what was cut off, and names that aren't pinned, those whose module wasn't
  /// used for the longest time first, until no more than `most_bytes` are taken. What is in use stays.
  Result<Removed> collect(uint64_t most_bytes) const;
  /// What all blobs take, in bytes.
  uint64_t size() const;

  /// Reads everything. `repair` removes what is damaged, so that pulling brings it again.
  Result<Checked> verify(bool repair) const;

  /// When a module was last used, in seconds since 1970; 0 when it isn't there.
  int64_t used(const Digest& module) const;
  /// Its digests of modules that begin with these digits.
  std::vector<Digest> beginning_with(std::string_view digits) const;

  std::string blob_path(const Digest& digest) const;
  std::string record_path(const std::string& name) const;
  /// Where what a module imports and exports is written down.
  std::string facts_path(const Digest& module) const;

 private:
  explicit Store(std::string folder) : folder_(std::move(folder)) {}
  Result<Removed> remove_unnamed(const std::vector<std::string>& candidates) const;
  Result<void> make_room(uint64_t most_bytes, Removed& removed) const;

  std::string folder_;
};

}  // namespace berth::registry
