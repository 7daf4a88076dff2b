// SPDX-License-Identifier: Apache-2.0
// What was fetched lies where anybody may remove it, what pins need doesn't.

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "providers/content/store.h"
#include "providers/content/testing.h"
#include "providers/content/walk.h"

using namespace berth;
using namespace berth::content;
using namespace berth::content::testing;
namespace fs = std::filesystem;

namespace {

/// What is made goes to the cache.
class Fetched : public BlockSink {
 public:
  explicit Fetched(Store& store) : store_(store) {}
  Result<void> put(const Cid& cid, std::string_view bytes) override {
    return store_.cache(cid, bytes);
  }

 private:
  Store& store_;
};

struct Place : StorePlace {
  Cid fetch(const std::string& bytes) {
    Fetched fetched(*store);
    return add_file(reading(bytes), {.chunk_bytes = 10}, {}, fetched)->cid;
  }
  Collected collect(uint64_t most) {
    return store->collect(most, LockedFile::Wait::kNo).value().value();
  }
  void purge() const {
    fs::remove_all(store->folders().cached);
  }
  bool is_whole(const Cid& root) {
    Walker walker(*store, {});
    return walker.from(root, [](const Cid&, std::string_view) -> Result<void> { return {}; }).has_value();
  }
  bool is_cached(const Cid& cid) const {
    return store->block_path(cid).starts_with(store->folders().cached);
  }
};

constexpr const char* kText = "0123456789abcdefghijABCDEFGHIJ";

}  // namespace

TEST_CASE("what was fetched goes with the cache, and what was added doesn't") {
  Place place;
  const Cid fetched = place.fetch(kText);
  const Cid added = place.file("another text, of some blocks");
  CHECK(place.is_whole(fetched));
  place.purge();
  CHECK_FALSE(place.store->has(fetched));
  CHECK(place.store->get(fetched).error().code == ErrorCode::kNotFound);
  CHECK(place.is_whole(added));
  CHECK(place.store->verify(Repair::kNo, LockedFile::Wait::kNo).value()->damage.empty());
  // The next one finds the folders that it needs.
  CHECK(place.is_whole(place.fetch(kText)));
}

TEST_CASE("what is pinned stays when the cache goes, and what is added meanwhile too") {
  for (const bool by_pin : {true, false}) {
    Place place;
    const Cid root = place.fetch(kText);
    CHECK(place.is_cached(root));
    if (by_pin) {
      CHECK(place.pin(root).has_value());
    } else {
      CHECK(place.file(kText) == root);
    }
    place.purge();
    CHECK(place.is_whole(root));
  }
}

TEST_CASE("what no pin needs any more goes to the cache, what doesn't fit goes for good") {
  Place place;
  const Cid root = place.file(kText);
  CHECK(place.pin(root).has_value());
  CHECK(place.store->unpin(root).value());
  CHECK(place.collect(kStoreBytes).blocks == 0);
  CHECK(place.is_cached(root));
  CHECK(place.is_whole(root));
  CHECK(place.collect(0).blocks == 4);
  CHECK_FALSE(place.store->has(root));
}

TEST_CASE("a block that a pin lacked and somebody fetched stays") {
  Place place;
  const Cid root = place.file(kText);
  CHECK(place.pin(root).has_value());
  const Cid leaf = Cid::v1(Codec::kRaw, hash_of(HashCode::kSha2_256, "abcdefghij").value());
  fs::remove(place.store->block_path(leaf));
  CHECK(place.store->cache(leaf, "abcdefghij").has_value());
  CHECK(place.is_cached(leaf));
  CHECK(place.collect(0).blocks == 0);
  place.purge();
  CHECK(place.is_whole(root));
}

TEST_CASE("a damaged block gets its bytes where it is") {
  Place place;
  const Cid root = place.file(kText);
  place.damage(root);
  CHECK(place.fetch(kText) == root);
  place.purge();
  CHECK(place.is_whole(root));
}

TEST_CASE("a damaged block in the cache is found, removed, and nobody's when it was added") {
  Place place;
  const Cid cid = place.fetch("x");
  place.damage(cid);
  const std::string folder = fs::path(place.store->block_path(cid)).parent_path().filename();
  CHECK(place.store->folders_unchecked_for(std::chrono::hours(1))->size() == 1);
  CHECK(place.store->verify_folder(folder, Repair::kNo).value()->damage.size() == 1);
  CHECK(place.store->verify(Repair::kYes, LockedFile::Wait::kNo).value()->damage.size() == 1);
  CHECK_FALSE(place.store->has(cid));
  CHECK(place.fetch("x") == cid);
  place.damage(cid);
  CHECK(place.file("x") == cid);
  CHECK(place.store->get(cid).value() == "x");
  // The other one isn't counted twice, and goes.
  CHECK(place.collect(kStoreBytes).left_bytes == 1);
  CHECK(place.store->get(cid).value() == "x");
}

TEST_CASE("a pin takes nothing from the cache over what is good") {
  Place place;
  const Cid cid = place.fetch("x");
  const fs::path cached = place.store->block_path(cid);
  CHECK(place.file("x") == cid);
  fs::copy_file(place.store->block_path(cid), cached);
  place.damage(cid);
  CHECK(place.pin(cid).has_value());
  CHECK(place.store->get(cid).value() == "x");
}

TEST_CASE("what goes from the cache while it is pinned stays all the same") {
  Place place;
  const Cid cid = place.fetch("x");
  place.purge();
  CHECK(place.store->stay(cid, "x").has_value());
  CHECK_FALSE(place.is_cached(cid));
  CHECK(place.store->get(cid).value() == "x");
}

TEST_CASE("where the cache can't be written, what is fetched lies with the rest") {
  Place place;
  place.purge();
  std::ofstream(place.store->folders().cached) << "x";
  const Cid root = place.fetch(kText);
  CHECK(place.is_whole(root));
  CHECK(place.collect(0).blocks == 4);
}

TEST_CASE("a cache on another file system") {
  const TestFolder other("/dev/shm");
  Place place;
  place.store = Store::open({.kept = place.folder / "content", .cached = other.path()}).value();
  const Cid root = place.fetch(kText);
  CHECK(place.pin(root).has_value());
  CHECK_FALSE(place.is_cached(root));
  fs::remove_all(other.path());
  CHECK(place.is_whole(root));
  CHECK(place.store->unpin(root).value());
  CHECK(place.collect(kStoreBytes).blocks == 0);
  CHECK(place.is_whole(root));
}

TEST_CASE("who reads a block that is moved finds it") {
  Place place;
  constexpr size_t kMoves = 300;
  std::vector<Cid> cids;
  for (size_t i = 0; i < kMoves; ++i) cids.push_back(place.fetch(std::to_string(i)));
  std::atomic<size_t> moved = 0;
  std::atomic<int> read = 0;
  std::atomic<int> lost = 0;
  {
    const std::jthread reader([&] {
      for (size_t i = 0; i < kMoves; i = moved, ++read) lost += place.store->get(cids.at(i)) ? 0 : 1;
    });
    const std::jthread looker([&] {
      for (size_t i = 0; i < kMoves; i = moved) lost += place.store->has(cids.at(i)) ? 0 : 1;
    });
    for (size_t i = 0; i < kMoves; ++i) {
      // Both look at this one by now.
      for (const int before = read; read < before + 2;) std::this_thread::yield();
      CHECK(place.store->stay(cids.at(i), std::to_string(i)).has_value());
      moved = i + 1;
    }
  }
  CHECK(lost.load() == 0);
}
