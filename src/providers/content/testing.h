// SPDX-License-Identifier: Apache-2.0
#pragma once
// For tests of content: blocks in memory, and a store in a folder that goes with it.

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/testing.h"
#include "providers/content/block.h"
#include "providers/content/file_layout.h"
#include "providers/content/input.h"
#include "providers/content/store.h"

namespace berth::content::testing {

class Memory : public BlockSource, public BlockSink {
 public:
  Result<std::string> get(const Cid& cid) override {
    const auto found = blocks.find(cid.hash.bytes());
    if (found == blocks.end()) return missing(cid);
    if (const auto checked = check_block(cid, found->second); !checked)
      return std::unexpected(checked.error());
    return found->second;
  }
  Result<void> put(const Cid& cid, std::string_view bytes) override {
    const std::lock_guard guard(lock);
    CHECK(check_block(cid, bytes).has_value());
    blocks[cid.hash.bytes()] = bytes;
    return {};
  }
  /// Puts any bytes under the CID that they have.
  Cid keep(Codec codec, std::string_view bytes) {
    const Cid cid = Cid::v1(codec, hash_of(HashCode::kSha2_256, bytes).value());
    CHECK(put(cid, bytes).has_value());
    return cid;
  }

  std::map<std::string, std::string> blocks;
  std::mutex lock;
};

/// The bytes, `most` at a time.
inline ReadSome reading(std::string bytes, size_t most = SIZE_MAX) {
  return [bytes = std::move(bytes), most, at = size_t{0}](std::span<char> into) mutable -> Result<size_t> {
    const size_t now = std::min({into.size(), most, bytes.size() - at});
    std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(at), now, into.begin());
    at += now;
    return now;
  };
}

struct StorePlace {
  /// A file of blocks of 10 bytes.
  Cid file(const std::string& bytes) const {
    return add_file(reading(bytes), {.chunk_bytes = 10}, {}, *store)->cid;
  }
  Result<void> pin(const Cid& cid) const {
    return store->pin(store->keep().value(), cid, "");
  }
  static void damage(const std::filesystem::path& block) {
    std::filesystem::permissions(block, std::filesystem::perms::owner_all);
    std::fstream(block, std::ios::in | std::ios::out).put('!');
  }
  void damage(const Cid& cid) const {
    damage(store->block_path(cid));
  }

  TestFolder own;
  std::filesystem::path folder = own.path();
  std::unique_ptr<Store> store =
      Store::open({.kept = folder / "content", .cached = folder / "content/cache"}).value();
};

}  // namespace berth::content::testing
