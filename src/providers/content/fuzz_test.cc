// SPDX-License-Identifier: Apache-2.0
// Foreign bytes against everything in this folder that reads them: nothing crashes, nothing hangs, and what
// is read can be written again.

#include <algorithm>

#include "base/fuzzing.h"
#include "providers/content/car.h"
#include "providers/content/directory_layout.h"
#include "providers/content/links.h"
#include "providers/content/testing.h"
#include "providers/content/tree.h"

using namespace berth;
using namespace berth::content;
using namespace berth::content::testing;
using namespace std::string_view_literals;

namespace {

constexpr int kCases = 4;
constexpr std::string_view kBytes =
    "\0\1\2\x0a\x12\x5f\x7f\x9f\xbf\xc6\xd4\x80\x81\xff\x55\x70\x71\xd8\x2a\x58{}[]\"/:bQz"sv;

const Cid kCid = Cid::v1(Codec::kRaw, hash_of(HashCode::kSha2_256, "a").value());

}  // namespace

TEST_CASE("no text or bytes make the reader of CIDs stumble, and what it reads is written the same") {
  Rounds rounds(41, kCases);
  const std::string texts[] = {kCid.text(), kCid.text(Base::kBase36), kCid.text(Base::kBase64Url),
                               Cid::v0(kCid.hash).text()};
  while (rounds.next()) {
    const std::string text = mutated(texts[rounds.random() % 4], rounds.random, kBytes);
    const auto cid = Cid::parse(text);
    if (cid && cid->version == Cid::Version::kV0) CHECK(cid->text() == text);
    if (cid) CHECK(Cid::parse(cid->text()) == *cid);
    const std::string bytes = mutated(kCid.bytes(), rounds.random, kBytes);
    const auto read = Cid::read(bytes);
    if (read) CHECK(read->bytes() == bytes);
  }
}

TEST_CASE("no block makes the readers of codecs stumble") {
  Rounds rounds(42, kCases);
  const std::string cid = kCid.bytes();
  const std::string cbor = std::string("\x82\xd8\x2a\x58\x25\0", 6) + cid + "\xa1\x61x\xf9\x3c\x00";
  const std::string json = R"([{"/":")" + kCid.text() + R"("},{"a":[1,2.5,null,"x"]}])";
  const std::string pb = write_pb({.links = {{.cid = kCid, .name = "a", .tsize = 5}, {.cid = kCid}},
                                   .data = write_unixfs({.file_size = 9, .block_sizes = {4, 5}, .mode = 1})});
  size_t taken = 0;
  while (rounds.next()) {
    taken += links_of(Codec::kDagCbor, mutated(cbor, rounds.random, kBytes)).has_value();
    taken += links_of(Codec::kDagJson, mutated(json, rounds.random, kBytes)).has_value();
    const auto node = read_pb(mutated(pb, rounds.random, kBytes));
    if (!node) continue;
    ++taken;
    const auto again = read_pb(write_pb(*node));
    REQUIRE(again.has_value());
    CHECK(again->data == node->data);
    CHECK(again->links.size() == node->links.size());
    const auto about = read_unixfs(node->data.value_or(""));
    if (about) CHECK(read_unixfs(write_unixfs(*about)).value() == *about);
  }
  CHECK(taken > 0);
}

TEST_CASE("no CAR makes its reader stumble") {
  Rounds rounds(43, kCases);
  const std::string v1 = car_header({kCid}) + car_section(kCid, 1) + "a" + car_section(kCid, 1) + "a";
  const std::string v2 = car_v2_header(v1.size()) + v1;
  while (rounds.next()) {
    auto reader =
        CarReader::open(reading(mutated(rounds.random() % 2 == 0 ? v1 : v2, rounds.random, kBytes), 16));
    if (!reader) continue;
    for (auto block = reader->next(); block && *block; block = reader->next())
      CHECK(check_block((*block)->cid, (*block)->bytes).has_value());
  }
}

TEST_CASE("no node of a file or directory makes its reader stumble") {
  Rounds rounds(44, kCases);
  Memory memory;
  const Cid leaf = memory.keep(Codec::kRaw, "0123456789");
  std::vector<std::string> nodes;
  for (const size_t threshold : {size_t{0}, size_t{1} << 20}) {
    std::vector<PbLink> entries;
    for (const char c : {'a', 'b', 'c'}) entries.push_back({.cid = leaf, .name = {c}, .tsize = 10});
    nodes.push_back(
        memory.get(add_directory(entries, {.shard_threshold_bytes = threshold}, {}, memory)->cid).value());
  }
  nodes.push_back(write_pb({.links = {{.cid = leaf}, {.cid = leaf}},
                            .data = write_unixfs({.data = "x", .file_size = 21, .block_sizes = {10, 10}})}));
  while (rounds.next()) {
    const Cid cid =
        memory.keep(Codec::kDagPb, mutated(nodes[rounds.random() % nodes.size()], rounds.random, kBytes));
    const auto node = open_node(memory, cid);
    if (!node) continue;
    size_t bytes = 0;
    std::ignore = read_file(memory, *node, 0, 1 << 20, [&](std::string_view piece) -> Result<void> {
      bytes += piece.size();
      return {};
    });
    CHECK(bytes <= (1 << 20));
    std::ignore = list(memory, *node, [](const PbLink&) -> Result<void> { return {}; });
    std::ignore = lookup(memory, *node, "a");
  }
}
