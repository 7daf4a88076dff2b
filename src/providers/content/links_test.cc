// SPDX-License-Identifier: Apache-2.0
#include "providers/content/links.h"

#include <doctest/doctest.h>

#include "providers/content/dag_pb.h"
#include "providers/content/unixfs.h"

using namespace berth;
using namespace berth::content;
using namespace std::string_literals;

namespace {

const Cid kCid = Cid::v1(Codec::kRaw, hash_of(HashCode::kSha2_256, "a").value());

std::string cbor_link() {
  const std::string bytes = kCid.bytes();
  return "\xd8\x2a\x58"s + static_cast<char>(bytes.size() + 1) + '\0' + bytes;
}

size_t count(Codec codec, std::string_view bytes) {
  const auto links = links_of(codec, bytes);
  if (!links) return SIZE_MAX;
  for (const Cid& link : *links) CHECK(link == kCid);
  return links->size();
}

}  // namespace

TEST_CASE("links of dag-cbor are found wherever they stand") {
  CHECK(count(Codec::kDagCbor, cbor_link()) == 1);
  CHECK(count(Codec::kDagCbor, "\x82" + cbor_link() + "\xa1\x61x" + cbor_link()) == 2);
  CHECK(count(Codec::kDagCbor, "\x58\x02zz") == 0);
  CHECK(count(Codec::kDagCbor, "\xd8\x2b\x41z") == SIZE_MAX);       // another tag
  CHECK(count(Codec::kDagCbor, "\xd8\x2a\x43\x01zz") == SIZE_MAX);  // no zero in front
  CHECK(count(Codec::kDagCbor, "\x81") == SIZE_MAX);
  CHECK(count(Codec::kDagCbor, cbor_link() + "\x01") == SIZE_MAX);
}

TEST_CASE("links of dag-json are objects of a slash alone") {
  const std::string link = R"({"/":")" + kCid.text() + R"("})";
  CHECK(count(Codec::kDagJson, link) == 1);
  CHECK(count(Codec::kDagJson, "[" + link + R"(,{"a":)" + link + R"(},{"/":{"bytes":"aa"}}])") == 2);
  CHECK(count(Codec::kDagJson, R"({"/":"x"})") == SIZE_MAX);
  CHECK(count(Codec::kDagJson, R"({"/":"x","a":1})") == 0);
  CHECK(count(Codec::kDagJson, R"({"/":1})") == 0);
  CHECK(count(Codec::kDagJson, "[") == SIZE_MAX);
}

TEST_CASE("nesting has an end") {
  CHECK(count(Codec::kDagCbor, std::string(128, '\x81') + "\x01") == 0);
  CHECK(count(Codec::kDagCbor, std::string(129, '\x81') + "\x01") == SIZE_MAX);
  CHECK(count(Codec::kDagCbor, std::string(2 << 20, '\x81')) == SIZE_MAX);
  CHECK(count(Codec::kDagJson, std::string(2 << 20, '[')) == SIZE_MAX);
}

TEST_CASE("what a reader of CBOR would call itself for is refused before") {
  for (const char head : {'\x5f', '\x7f', '\xc6', '\xd4', '\x9f', '\xbf', '\xa1'}) {
    CAPTURE(static_cast<int>(head));
    CHECK(count(Codec::kDagCbor, std::string(2 << 20, head)) == SIZE_MAX);
    CHECK(count(Codec::kDagCbor, "\x81" + std::string(2 << 20, head)) == SIZE_MAX);
  }
  std::string links;
  for (int i = 0; i < 1 << 20; ++i) links += "\xd8\x2a";
  CHECK(count(Codec::kDagCbor, links) == SIZE_MAX);
  for (const std::string& bytes :
       {"\x5f\x41z\xff"s, "\x9f\x01\xff"s, "\xff"s, "\x1c"s, "\xc1\x01"s, "\xd8\x2a"s, "\xd8\x2a\x01"s,
        "\x42z"s, "\x5b\xff\xff\xff\xff\xff\xff\xff\xff"s, "\x9b\xff\xff\xff\xff\xff\xff\xff\xff"s,
        "\xa2\x60\x01"s})
    CHECK(count(Codec::kDagCbor, bytes) == SIZE_MAX);
  CHECK(count(Codec::kDagCbor, "\x86\x20\xf4\xf6\xf9\x3c\x00\x1a\x00\x00\x00\x01\x62zz"s) == 0);
}

TEST_CASE("a node of dag-pb is read back, its links sorted") {
  PbNode node{.links = {{.cid = kCid, .name = "b", .tsize = 300}, {.cid = kCid, .name = "a", .tsize = 1}},
              .data = "x"};
  const std::string bytes = write_pb(node);
  std::swap(node.links[0], node.links[1]);
  CHECK(read_pb(bytes).value() == node);
  CHECK(count(Codec::kDagPb, bytes) == 2);
  for (const PbLink& link : node.links) {
    const std::string one = write_pb({.links = {link}, .data = {}});
    CHECK(one.size() == pb_link_size(kCid.bytes().size(), link.name.size(), link.tsize));
  }
}

TEST_CASE("what isn't dag-pb is refused") {
  const std::string link = write_pb({.links = {{.cid = kCid}}, .data = {}});
  for (const std::string& bytes : {"\x0a\x05"s, "\x1a\x00"s, "\x12\x00"s, "\x08\x01"s, "\x0a\x00\x0a\x00"s,
                                   link + "\x0a\x00"s + link, "\x12\x04\x1a\x00\x0a\x00"s, "\xff"s})
    CHECK_FALSE(read_pb(bytes).has_value());
  CHECK(read_pb("").has_value());
  CHECK(read_pb("\x0a\x00"s + link).has_value());  // data in front
}

TEST_CASE("a node of UnixFS is read back, with its mode and time") {
  const UnixFs node{.type = UnixFs::Type::kFile,
                    .data = "x",
                    .file_size = 301,
                    .block_sizes = {100, 200},
                    .mode = 0644,
                    .modified = ModifiedTime{.seconds = -5, .nanoseconds = 7}};
  CHECK(read_unixfs(write_unixfs(node)).value() == node);
  CHECK(read_unixfs("\x08\x02\x22\x02\x05\x06"s)->block_sizes == std::vector<uint64_t>{5, 6});  // packed
  for (const std::string& bytes :
       {""s, "\x12\x01x"s, "\x08\x06"s, "\x08\x02\x42\x02\x08"s, "\x08\x02\x42\x05\x15zzzz"s,
        "\x08\x02\x42\x07\x08\x01\x15\xff\xff\xff\xff"s})
    CHECK_FALSE(read_unixfs(bytes).has_value());
}
