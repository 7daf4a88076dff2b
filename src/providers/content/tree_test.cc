// SPDX-License-Identifier: Apache-2.0
// Files and directories: made as kubo makes them (tests/content/agree.py has it beside), read in ranges, and
// what blocks that say wrong things of themselves come to.
#include "providers/content/tree.h"

#include <algorithm>

#include "providers/content/directory_layout.h"
#include "providers/content/folder_out.h"
#include "providers/content/testing.h"
#include "providers/content/walk.h"

using namespace berth;
using namespace berth::content;
using namespace berth::content::testing;

namespace {

std::string digits(size_t bytes) {
  std::string text;
  for (size_t i = 0; text.size() < bytes; ++i) text += std::to_string(i) + " ";
  text.resize(bytes);
  return text;
}

Result<std::string> range(BlockSource& source, const Cid& cid, uint64_t offset, uint64_t length) {
  const Node node = BERTH_TRY(open_node(source, cid));
  std::string bytes;
  BERTH_TRY_VOID(read_file(source, node, offset, length, [&](std::string_view piece) -> Result<void> {
    bytes += piece;
    return {};
  }));
  return bytes;
}

Cid keep(Memory& memory, PbNode node, const UnixFs& about) {
  node.data = write_unixfs(about);
  return memory.keep(Codec::kDagPb, write_pb(node));
}

Result<std::vector<std::string>> names(Memory& memory, const Cid& cid) {
  const Node node = BERTH_TRY(open_node(memory, cid));
  std::vector<std::string> found;
  BERTH_TRY_VOID(list(memory, node, [&](const PbLink& entry) -> Result<void> {
    found.push_back(entry.name);
    return {};
  }));
  return found;
}

}  // namespace

TEST_CASE("empty files and directories have the CIDs that everybody knows") {
  Memory memory;
  const Profile v0 = find_profile("unixfs-v0-2015").value();
  CHECK(add_file(reading(""), v0, {}, memory)->cid.text() ==
        "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH");
  CHECK(add_directory({}, v0, {}, memory)->cid.text() == "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn");
  CHECK(add_file(reading(""), {}, {}, memory)->cid.text() ==
        "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");
}

TEST_CASE("any range of a file of any depth is its bytes") {
  for (const size_t size : {0U, 1U, 9U, 10U, 11U, 30U, 31U, 90U, 91U, 400U}) {
    Memory memory;
    const std::string bytes = digits(size);
    for (const bool raw : {true, false}) {
      const Profile profile{.raw_leaves = raw, .chunk_bytes = 10, .file_links = 3};
      const Made made = add_file(reading(bytes, 7), profile, {}, memory).value();
      CHECK(made.size == size);
      for (const uint64_t offset : {0U, 1U, 9U, 10U, 29U, 30U, 399U, 400U, 1000U}) {
        for (const uint64_t length : {uint64_t{0}, uint64_t{1}, uint64_t{11}, UINT64_MAX})
          CHECK(range(memory, made.cid, offset, length).value() ==
                (offset < size ? bytes.substr(offset, length) : ""));
      }
    }
  }
}

TEST_CASE("mode and time are said by the root of a file") {
  Memory memory;
  const Attributes attributes{.mode = 0755, .modified = ModifiedTime{.seconds = 5}};
  for (const size_t size : {3U, 10U, 11U, 500U}) {
    const Profile profile{.raw_leaves = false, .chunk_bytes = 10, .file_links = 3};
    const Cid cid = add_file(reading(digits(size)), profile, attributes, memory)->cid;
    const Node node = open_node(memory, cid).value();
    CHECK(node.about.mode == 0755);
    CHECK(node.about.modified == ModifiedTime{.seconds = 5});
    CHECK(range(memory, cid, 0, UINT64_MAX).value() == digits(size));
  }
}

TEST_CASE("sizes that aren't those of the parts are refused") {
  Memory memory;
  const Cid leaf = memory.keep(Codec::kRaw, "0123456789");
  const PbNode two{.links = {{.cid = leaf}, {.cid = leaf}}, .data = {}};
  const auto file = [&](uint64_t size, std::vector<uint64_t> parts) {
    return range(memory, keep(memory, two, {.file_size = size, .block_sizes = std::move(parts)}), 0, 100);
  };
  CHECK(file(20, {10, 10}).value() == "01234567890123456789");
  CHECK(file(10, {10, 0}).value() == "0123456789");
  for (const auto& refused : {file(20, {10}), file(21, {10, 10}), file(20, {9, 11}), file(20, {20, 0}),
                              file(5, {UINT64_MAX, 6}), file(INT64_MAX, {INT64_MAX, INT64_MAX})}) {
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("a file deeper than files are is refused") {
  Memory memory;
  Cid cid = memory.keep(Codec::kRaw, "x");
  for (int i = 0; i < 40; ++i)
    cid = keep(memory, {.links = {{.cid = cid}}, .data = {}}, {.file_size = 1, .block_sizes = {1}});
  CHECK(range(memory, cid, 0, 1).error().message.contains("levels"));
}

TEST_CASE("directories of both kinds hold what was put in") {
  for (const size_t threshold : {size_t{0}, size_t{1} << 20}) {
    Memory memory;
    const Cid leaf = memory.keep(Codec::kRaw, "x");
    std::vector<PbLink> entries;
    std::vector<std::string> wanted;
    for (int i = 0; i < 3000; ++i) {
      wanted.push_back("name " + std::to_string(i));
      entries.push_back({.cid = leaf, .name = wanted.back(), .tsize = 1});
    }
    const Cid cid = add_directory(entries, {.shard_threshold_bytes = threshold}, {}, memory)->cid;
    auto found = names(memory, cid).value();
    std::ranges::sort(found);
    std::ranges::sort(wanted);
    CHECK(found == wanted);
    const Node node = open_node(memory, cid).value();
    CHECK((node.about.type == UnixFs::Type::kShard) == (threshold == 0));
    CHECK(lookup(memory, node, "name 77").value()->cid == leaf);
    CHECK_FALSE(lookup(memory, node, "name 3000").value().has_value());
    CHECK(resolve(memory, parse_path("/ipfs/" + cid.text() + "/name 5").value()).value() == leaf);
    CHECK(resolve(memory, parse_path(cid.text() + "/none").value()).error().code == ErrorCode::kNotFound);
  }
}

TEST_CASE("a shard that says wrong things of itself is refused") {
  Memory memory;
  const Cid leaf = memory.keep(Codec::kRaw, "x");
  std::vector<PbLink> entries{{.cid = leaf, .name = "a", .tsize = 1}, {.cid = leaf, .name = "b", .tsize = 1}};
  const Cid good = add_directory(entries, {.shard_threshold_bytes = 0}, {}, memory)->cid;
  const Node node = open_node(memory, good).value();
  CHECK(names(memory, good)->size() == 2);
  const auto refused = [&](auto change) {
    Node changed = node;
    change(changed);
    const auto found = names(memory, keep(memory, changed.pb, changed.about));
    return !found && found.error().code == ErrorCode::kInvalidArgument;
  };
  CHECK(refused([](Node& n) { n.pb.links[0].name += "other"; }));  // its hash leads elsewhere
  CHECK(refused([](Node& n) { n.pb.links[0].name[0] ^= 1; }));
  CHECK(refused([](Node& n) { n.pb.links.pop_back(); }));
  CHECK(refused([](Node& n) { n.pb.links.push_back(n.pb.links[0]); }));
  CHECK(refused([](Node& n) { n.about.fanout = 255; }));
  CHECK(refused([](Node& n) { n.about.fanout = 4; }));
  CHECK(refused([](Node& n) { n.about.hash_type = 0x12; }));
  CHECK(refused([](Node& n) { n.about.data = std::string(64, '\xff'); }));
  CHECK(refused([](Node& n) { n.pb.links[0].name.resize(2); }));  // leads to a leaf as to a shard
}

TEST_CASE("shards that lead to nothing over and over are refused at once") {
  Memory memory;
  UnixFs about{.type = UnixFs::Type::kShard, .data = "", .hash_type = kShardHash, .fanout = 8};
  Cid cid = keep(memory, {}, about);
  about.data = "\xff";
  for (int i = 0; i < 20; ++i) {
    PbNode node;
    for (char place = '0'; place < '8'; ++place)
      node.links.push_back({.cid = cid, .name = {place}, .tsize = 0});
    cid = keep(memory, node, about);
  }
  CHECK_FALSE(names(memory, cid).has_value());
}

TEST_CASE("a name that is there twice is refused") {
  Memory memory;
  const Cid leaf = memory.keep(Codec::kRaw, "x");
  const PbNode twice{.links = {{.cid = leaf, .name = "a"}, {.cid = leaf, .name = "a"}}, .data = {}};
  const Cid cid = keep(memory, twice, {.type = UnixFs::Type::kDirectory});
  CHECK_FALSE(names(memory, cid).has_value());
  CHECK_FALSE(lookup(memory, open_node(memory, cid).value(), "a").has_value());
}

TEST_CASE("links that wait have an end, and what was walked isn't walked again") {
  Memory memory;
  Cid cid = memory.keep(Codec::kRaw, "x");
  for (int i = 0; i < 3; ++i)
    cid =
        keep(memory, {.links = {{.cid = cid}, {.cid = cid}}, .data = {}}, {.type = UnixFs::Type::kDirectory});
  size_t blocks = 0;
  const auto each = [&](const Cid&, std::string_view) -> Result<void> {
    ++blocks;
    return {};
  };
  Walker walker(memory, {.most_waiting = 7});
  REQUIRE(walker.from(cid, each).has_value());
  REQUIRE(walker.from(cid, each).has_value());
  CHECK(blocks == 4);
  CHECK(walk(memory, cid, {.most_waiting = 6}, each).error().code == ErrorCode::kLimit);
}

TEST_CASE("a symlink stays within, or is refused") {
  CHECK(stays_within("a", 0));
  CHECK(stays_within("./a/b", 0));
  CHECK(stays_within("../a", 1));
  CHECK(stays_within("../../a", 2));
  for (const char* const target : {"", "/", "/a", "..", "../a", "a/..", "a/../b", "./.."}) {
    CAPTURE(target);
    CHECK_FALSE(stays_within(target, 0));
  }
  CHECK_FALSE(stays_within("../../a", 1));
  CHECK_FALSE(stays_within(std::string_view("a\0b", 3), 1));
}
