// SPDX-License-Identifier: Apache-2.0
#include "providers/content/store.h"

#include <fcntl.h>
#include <unistd.h>

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

struct Place : StorePlace {
  uint64_t collect(uint64_t most) {
    return store->collect(most, LockedFile::Wait::kNo).value()->blocks;
  }
  CheckedBlocks verify(Repair repair = Repair::kNo) {
    return store->verify(repair, LockedFile::Wait::kNo).value().value();
  }
  Error refused() {
    const auto collected = store->collect(0, LockedFile::Wait::kNo);
    REQUIRE_FALSE(collected.has_value());
    return collected.error();
  }
  Cid folder_with(std::string name, const Cid& cid, std::vector<PbLink> more = {}) {
    more.push_back({.cid = cid, .name = std::move(name)});
    const std::string bytes =
        write_pb({.links = more, .data = write_unixfs({.type = UnixFs::Type::kDirectory})});
    const Cid made = Cid::v1(Codec::kDagPb, hash_of(HashCode::kSha2_256, bytes).value());
    CHECK(store->put(made, bytes).has_value());
    return made;
  }
  std::string pin_path(const std::string& name) const {
    return folder / "content/pins" / (name + ".json");
  }
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
  CHECK(place.verify().damage.size() == 1);
  CHECK(place.verify(Repair::kYes).damage.size() == 1);
  CHECK(place.verify().damage.empty());
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
  CHECK(place.verify().blocks == 3);
  CHECK(place.verify().damage.empty());
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
  CHECK(place.verify().damage.empty());
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
  CHECK(place.verify().damage.size() == 1);
}

TEST_CASE(
    "nothing is removed where a node that a pin needs can't be read, and the pin and the block are named") {
  for (const bool gone : {true, false}) {
    Place place;
    const Cid top = place.file("0123456789abcdefghij");
    const Cid folder = place.folder_with("a", top);
    REQUIRE(place.pin(folder).has_value());
    const Cid loose = place.file("loose");
    if (gone) {
      fs::remove(place.store->block_path(top));
    } else {
      place.damage(top);
    }
    const Error error = place.refused();
    CHECK(error.message.contains("unpin " + folder.text()));
    CHECK(error.message.contains(top.text()));
    for (const Cid& cid : {raw("0123456789"), raw("abcdefghij"), loose}) CHECK(place.store->has(cid));
    CHECK(place.file("0123456789abcdefghij") == top);  // comes again
    CHECK(place.collect(0) == 1);
    CHECK(place.store->get(raw("abcdefghij")).has_value());
  }
}

TEST_CASE("a pin of which nothing is left but its name still keeps, and is told of") {
  Place place;
  const Cid cid = place.file("0123456789abcdefghij");
  REQUIRE(place.pin(cid).has_value());
  std::ofstream(place.pin_path(cid.text())) << "{";
  CHECK(place.store->pins()->front().root == cid);
  CHECK(place.collect(0) == 0);
  CHECK(place.verify().damage.size() == 1);
  std::ofstream(place.pin_path("nothing")) << "{";
  CHECK_FALSE(place.store->pins().has_value());
  CHECK(place.refused().message.contains("nothing.json"));
  CHECK(place.store->has(cid));
}

TEST_CASE("what the disk didn't take isn't acknowledged") {
  Place place;
  const Cid cid = place.file("x");
  const Keeping keeping = place.store->keep().value();
  // One that nothing can be synced by.
  const int path_only = ::open(place.folder.c_str(), O_PATH | O_CLOEXEC);
  REQUIRE(::dup2(path_only, keeping.lock.descriptor()) >= 0);
  ::close(path_only);
  const auto pinned = place.store->pin(keeping, cid, "", Below::kPut);
  REQUIRE_FALSE(pinned.has_value());
  CHECK(pinned.error().code == ErrorCode::kUnavailable);
  CHECK(place.store->pins()->empty());
}

TEST_CASE("a damaged block isn't pinned") {
  Place place;
  const Cid cid = place.file("0123456789abcdefghij");
  place.damage(raw("abcdefghij"));
  const auto pinned = place.pin(cid);
  REQUIRE_FALSE(pinned.has_value());
  CHECK(pinned.error().message.contains(raw("abcdefghij").text()));
  CHECK(place.store->pins()->empty());
}

TEST_CASE("a pin keeps its name where it gets none") {
  Place place;
  const Cid cid = place.file("x");
  const Keeping keeping = place.store->keep().value();
  for (const char* const name : {"site", "", "other", ""})
    REQUIRE(place.store->pin(keeping, cid, name).has_value());
  CHECK(place.store->pins()->front().name == "other");
}

TEST_CASE("what can't be read isn't removed as damaged") {
  Place place;
  const Cid cid = place.file("x");
  const std::string path = place.store->block_path(cid);
  const Cid strange =
      Cid::v1(Codec::kRaw, {.code = static_cast<HashCode>(0x1f), .digest = std::string(32, 'x')});
  REQUIRE(place.store->put(strange, "x").has_value());  // a hash that can't be checked
  const auto checked = place.verify(Repair::kYes);
  REQUIRE(checked.damage.size() == 1);
  CHECK_FALSE(checked.damage.front().removed);
  CHECK(place.store->has(strange));
  place.damage(cid);
  size_t removed = 0;
  const CheckedBlocks again = place.verify(Repair::kYes);
  for (const BlockDamage& damage : again.damage) removed += damage.removed ? 1 : 0;
  CHECK(removed == 1);
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("repair is for one who is alone, a look isn't") {
  Place place;
  place.damage(place.file("x"));
  const Keeping keeping = place.store->keep().value();
  CHECK(place.verify().damage.size() == 1);
  CHECK_FALSE(place.store->verify(Repair::kYes, LockedFile::Wait::kNo).value().has_value());
}

TEST_CASE("a folder of blocks that can't be read is an error of everything that counts them") {
  Place place;
  fs::remove_all(place.folder / "content/blocks");
  std::ofstream(place.folder / "content/blocks") << "x";
  CHECK_FALSE(place.store->size().has_value());
  CHECK_FALSE(place.store->verify(Repair::kNo, LockedFile::Wait::kNo).has_value());
  CHECK(place.refused().message.contains("content/blocks"));
}

TEST_CASE("what isn't there is told of each pin that needs it") {
  Place place;
  const Cid file = place.file("0123456789abcdefghij");
  const Cid inner = place.folder_with("a", file);
  const Cid outer = place.folder_with("b", inner);
  REQUIRE(place.pin(inner).has_value());
  REQUIRE(place.pin(outer).has_value());
  fs::remove(place.store->block_path(raw("0123456789")));
  CHECK(place.verify().damage.size() == 2);
}

TEST_CASE("removing waits for nobody who removes, unless it shall") {
  Place place;
  const auto other = LockedFile::make(place.folder / "content/lock", LockedFile::Wait::kNo).value();
  CHECK_FALSE(place.store->collect(0, LockedFile::Wait::kNo).value().has_value());
}

TEST_CASE("halves of pins go with what else is left aside") {
  Place place;
  const std::string aside = place.pin_path("x") + ".0123.tmp";
  std::ofstream(aside) << "{";
  CHECK(place.collect(0) == 0);
  CHECK_FALSE(fs::exists(aside));
}

TEST_CASE("foreign names in messages don't reach the terminal as they are") {
  Place place;
  const Cid leaf = place.file("x");
  const auto plain = [&](const Cid& cid) {
    const auto node = open_node(*place.store, cid).value();
    const auto written = write_tree(*place.store, node, place.folder / "out", {});
    REQUIRE_FALSE(written.has_value());
    return written.error().message.find_first_of("\x1b\x9b") == std::string::npos;
  };
  CHECK(plain(place.folder_with("a/\x1b[2J\xc2\x9b", leaf)));
  CHECK(plain(place.folder_with("\x1b[2J", leaf, {{.cid = leaf, .name = "\x1b[2J"}})));
  CHECK(plain(place.folder_with("\x1b[2J", place.folder_with("a/b", leaf))));
  CHECK(plain(place.folder_with("\x1b[2J", raw("gone"))));
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
