// SPDX-License-Identifier: Apache-2.0
#include "providers/content/store.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "providers/content/commp.h"
#include "providers/content/folder_in.h"
#include "providers/content/folder_out.h"
#include "providers/content/testing.h"

using namespace berth;
using namespace berth::content;
using namespace berth::content::testing;
namespace fs = std::filesystem;

namespace {

struct Place {
  Place() {
    std::string name = fs::temp_directory_path() / "berth-content-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder = name;
    store = Store::open(folder / "content").value();
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    fs::remove_all(folder);
  }

  Cid file(const std::string& bytes) {
    return add_file(reading(bytes), {.chunk_bytes = 10}, {}, *store)->cid;
  }
  Result<void> pin(const Cid& cid) {
    return store->pin(store->keep().value(), cid, "");
  }
  uint64_t collect(uint64_t most) {
    return store->collect(most, LockedFile::Wait::kNo).value()->blocks;
  }
  void damage(const Cid& cid) {
    fs::permissions(store->block_path(cid), fs::perms::owner_all);
    std::fstream(store->block_path(cid), std::ios::in | std::ios::out).put('!');
  }

  fs::path folder;
  std::unique_ptr<Store> store;
};

Cid raw(std::string_view bytes) {
  return Cid::v1(Codec::kRaw, hash_of(HashCode::kSha2_256, bytes).value());
}

}  // namespace

TEST_CASE("a block is kept under its hash, whatever the CID") {
  Place place;
  CHECK(place.store->get(raw("x")).error().code == ErrorCode::kNotFound);
  CHECK(place.store->get(raw("x")).error().message.contains(raw("x").text()));
  CHECK(place.store->put(raw("x"), "x").has_value());
  CHECK(place.store->get(raw("x")).value() == "x");
  CHECK(place.store->get(Cid::v0(raw("x").hash)).value() == "x");
  const Cid inside = Cid::v1(Codec::kRaw, hash_of(HashCode::kIdentity, "y").value());
  CHECK(place.store->get(inside).value() == "y");
}

TEST_CASE("a damaged block is never given away, is found, and is removed where that is asked") {
  Place place;
  const Cid cid = place.file("0123456789");
  place.damage(cid);
  CHECK(place.store->get(cid).error().message.contains("damaged"));
  CHECK(place.store->verify(false)->damage.size() == 1);
  CHECK(place.store->verify(true)->damage.size() == 1);
  CHECK(place.store->verify(false)->damage.empty());
  CHECK(place.store->get(cid).error().code == ErrorCode::kNotFound);
}

TEST_CASE("a damaged block that comes again is whole again") {
  Place place;
  const Cid cid = place.file("0123456789");
  place.damage(cid);
  CHECK(place.file("0123456789") == cid);
  CHECK(place.store->get(cid).value() == "0123456789");
}

TEST_CASE("what is pinned stays with all that is below it, the rest goes") {
  Place place;
  const Cid pinned = place.file("0123456789abcdefghij");
  const Cid loose = place.file("ABCDEFGHIJKLMNOPQRST");
  REQUIRE(place.pin(pinned).has_value());
  CHECK(place.collect(0) == 3);
  CHECK(place.store->get(loose).error().code == ErrorCode::kNotFound);
  CHECK(place.store->verify(false)->blocks == 3);
  CHECK(place.store->verify(false)->damage.empty());
  CHECK(place.store->unpin(pinned).value());
  CHECK_FALSE(place.store->unpin(pinned).value());
  CHECK(place.collect(0) == 3);
}

TEST_CASE("the longest unused goes first, and only as much as has to") {
  Place place;
  for (const char c : {'a', 'b', 'c'}) {
    const Cid cid = place.file(std::string(1, c));
    fs::last_write_time(place.store->block_path(cid),
                        fs::file_time_type::clock::now() - std::chrono::hours('z' - c));
  }
  CHECK(place.store->get(raw("a")).has_value());  // used now
  CHECK(place.collect(2) == 1);
  CHECK_FALSE(place.store->has(raw("b")));
  CHECK(place.store->has(raw("a")));
  CHECK(place.store->has(raw("c")));
}

TEST_CASE("a pin needs all blocks, and names one that isn't there") {
  Place place;
  const Cid cid = place.file("0123456789abcdefghij");
  fs::remove(place.store->block_path(raw("abcdefghij")));
  CHECK(place.pin(cid).error().message.contains(raw("abcdefghij").text()));
  CHECK(place.store->pins()->empty());
}

TEST_CASE("nothing is removed while somebody keeps, and what is left aside goes") {
  Place place;
  const Cid cid = place.file("x");
  {
    const Keeping keeping = place.store->keep().value();
    CHECK_FALSE(place.store->collect(0, LockedFile::Wait::kNo).value().has_value());
  }
  const std::string aside = place.store->block_path(cid) + ".0123.tmp";
  std::ofstream(aside) << "half";
  CHECK(place.store->verify(false)->damage.empty());
  CHECK(place.collect(1000) == 0);
  CHECK_FALSE(fs::exists(aside));
  CHECK(place.store->has(cid));
}

TEST_CASE("a pin whose block is gone keeps the rest, and is told of") {
  Place place;
  const Cid cid = place.file("0123456789abcdefghij");
  REQUIRE(place.pin(cid).has_value());
  fs::remove(place.store->block_path(raw("0123456789")));
  CHECK(place.collect(0) == 0);
  CHECK(place.store->verify(false)->damage.size() == 1);
}

TEST_CASE("a folder comes back as it went in") {
  Place place;
  const fs::path in = place.folder / "in";
  fs::create_directories(in / "sub/empty");
  std::ofstream(in / "sub/file") << "bytes";
  std::ofstream(in / ".hidden") << "h";
  fs::create_symlink("sub/file", in / "link");
  const Cid cid = add_path(in, {}, *place.store)->cid;
  const Node node = open_node(*place.store, cid).value();
  const std::string out = place.folder / "out";
  REQUIRE(write_tree(*place.store, node, out, {}).has_value());
  CHECK(add_path(out, {}, *place.store)->cid == cid);
  CHECK_FALSE(fs::exists(out + "/.hidden"));
  CHECK(fs::read_symlink(out + "/link") == "sub/file");
  CHECK(write_tree(*place.store, node, out, {}).error().message.contains("there already"));
}

TEST_CASE("names and symlinks that lead elsewhere leave nothing behind") {
  Place place;
  const Cid leaf = place.file("x");
  const auto written = [&](std::string name, const Cid& cid, bool links = true) {
    const std::string bytes =
        write_pb({.links = {{.cid = leaf, .name = "A"}, {.cid = cid, .name = std::move(name)}},
                  .data = write_unixfs({.type = UnixFs::Type::kDirectory})});
    const Cid folder = Cid::v1(Codec::kDagPb, hash_of(HashCode::kSha2_256, bytes).value());
    CHECK(place.store->put(folder, bytes).has_value());
    const auto result = write_tree(*place.store, open_node(*place.store, folder).value(),
                                   place.folder / "out", {.links = links});
    fs::remove_all(place.folder / "out");
    return result.has_value();
  };
  CHECK(written("b", leaf));
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("../b"), std::string("/b"),
        std::string("b/c"), std::string("b\0c", 3), std::string(256, 'b')})
    CHECK_FALSE(written(name, leaf));
  const auto link = [&](std::string target) {
    const std::string bytes = write_pb(
        {.links = {}, .data = write_unixfs({.type = UnixFs::Type::kSymlink, .data = std::move(target)})});
    const Cid cid = Cid::v1(Codec::kDagPb, hash_of(HashCode::kSha2_256, bytes).value());
    CHECK(place.store->put(cid, bytes).has_value());
    return cid;
  };
  CHECK(written("l", link("A")));
  CHECK_FALSE(written("l", link("/etc/passwd")));
  CHECK_FALSE(written("l", link("../x")));
  CHECK(written("l", link("/etc/passwd"), false));
  // The store, and nothing beside it.
  CHECK(std::distance(fs::directory_iterator(place.folder), fs::directory_iterator()) == 1);
}

TEST_CASE("a piece has its bounds") {
  PieceHasher little;
  little.add(std::string(64, 'x'));
  CHECK(little.finish().error().code == ErrorCode::kInvalidArgument);
  PieceHasher zeros;
  zeros.add(std::string(127, '\0'));
  const Piece piece = zeros.finish().value();
  CHECK(piece.padded_bytes == 128);
  CHECK(piece.cid().text() == "baga6ea4seaqdomn3tgwgrh3g532zopskstnbrd2n3sxfqbze7rxt7vqn7veigmy");
}
