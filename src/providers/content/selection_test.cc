// SPDX-License-Identifier: Apache-2.0
#include "providers/content/selection.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "providers/content/dag_pb.h"
#include "providers/content/testing.h"
#include "providers/content/unixfs.h"

using namespace berth;
using namespace berth::content;
using namespace std::string_literals;

namespace {

using Cids = std::vector<Cid>;

/// A directory with a file of four blocks, 3 bytes each, the last of them the same as the first; and a
/// document that leads to the file.
struct Tree {
  testing::Memory memory;
  Cids leaves;
  Cid file;
  Cid folder;
  Cid document;

  Tree() {
    for (const char* const bytes : {"aaa", "bbb", "ccc", "aaa"})
      leaves.push_back(memory.keep(Codec::kRaw, bytes));
    PbNode node{
        .links = {},
        .data = write_unixfs({.type = UnixFs::Type::kFile, .file_size = 12, .block_sizes = {3, 3, 3, 3}})};
    for (const Cid& leaf : leaves) node.links.push_back({.cid = leaf, .name = "", .tsize = 3});
    file = memory.keep(Codec::kDagPb, write_pb(node));
    folder = memory.keep(Codec::kDagPb, write_pb({.links = {{.cid = file, .name = "f", .tsize = 100}},
                                                  .data = write_unixfs({.type = UnixFs::Type::kDirectory})}));
    const std::string bytes = file.bytes();
    document = memory.keep(Codec::kDagCbor,
                           "\xa1\x61"
                           "d\x81\xd8\x2a\x58"s +
                               static_cast<char>(bytes.size() + 1) + '\0' + bytes);
  }

  Result<Cids> selected(const Cid& root, std::vector<std::string> names, const Selection& selection) {
    Cids seen;
    BERTH_TRY_VOID(select(memory, {.root = root, .names = std::move(names)}, selection,
                          [&](const Cid& cid, std::string_view bytes) -> Result<void> {
                            CHECK(check_block(cid, bytes));
                            seen.push_back(cid);
                            return {};
                          }));
    return seen;
  }
};

Selection range(const char* text) {
  return {.scope = Scope::kEntity, .range = EntityBytes::parse(text)};
}

}  // namespace

TEST_CASE_FIXTURE(Tree, "the blocks that lead there come first, and then as much as is asked for") {
  CHECK(selected(folder, {}, {.scope = Scope::kBlock}) == Cids{folder});
  CHECK(selected(folder, {"f"}, {.scope = Scope::kBlock}) == Cids{folder, file});
  CHECK(selected(folder, {}, {.scope = Scope::kEntity}) == Cids{folder});
  CHECK(selected(folder, {"f"}, {.scope = Scope::kEntity}) ==
        Cids{folder, file, leaves[0], leaves[1], leaves[2]});
  CHECK(selected(folder, {}, {}) == Cids{folder, file, leaves[0], leaves[1], leaves[2]});
  CHECK(selected(folder, {}, {.duplicates = true}) ==
        Cids{folder, file, leaves[0], leaves[1], leaves[2], leaves[0]});
  CHECK(selected(folder, {"f"}, {.scope = Scope::kEntity, .duplicates = true}) ==
        Cids{folder, file, leaves[0], leaves[1], leaves[2], leaves[0]});
  CHECK(selected(folder, {"g"}, {}).error().code == ErrorCode::kNotFound);
}

TEST_CASE_FIXTURE(Tree, "blocks that come again have an end") {
  for (const Scope scope : {Scope::kEntity, Scope::kAll}) {
    CHECK(selected(file, {}, {.scope = scope, .duplicates = true, .most_duplicated = 5}).has_value());
    CHECK(selected(file, {}, {.scope = scope, .duplicates = true, .most_duplicated = 4}).error().code ==
          ErrorCode::kLimit);
    CHECK(selected(file, {}, {.scope = scope, .most_duplicated = 1}).has_value());
  }
}

TEST_CASE_FIXTURE(Tree, "of a range there are the blocks that it touches") {
  CHECK(selected(file, {}, range("0:0")) == Cids{file, leaves[0]});
  CHECK(selected(file, {}, range("3:5")) == Cids{file, leaves[1]});
  CHECK(selected(file, {}, range("5:6")) == Cids{file, leaves[1], leaves[2]});
  CHECK(selected(file, {}, range("7:*")) == Cids{file, leaves[2], leaves[3]});
  CHECK(selected(file, {}, range("-4:*")) == Cids{file, leaves[2], leaves[3]});
  CHECK(selected(file, {}, range("3:-5")) == Cids{file, leaves[1], leaves[2]});
  CHECK(selected(file, {}, range("-99:-10")) == Cids{file, leaves[0]});
  CHECK(selected(file, {}, range("12:20")) == Cids{file});
  CHECK(selected(file, {}, range("0:-13")) == Cids{file});
  CHECK(selected(folder, {}, range("5:6")) == Cids{folder});
}

TEST_CASE_FIXTURE(Tree, "a block that isn't needed may be missing") {
  memory.blocks.erase(leaves[1].hash.bytes());
  CHECK(selected(file, {}, range("0:2")) == Cids{file, leaves[0]});
  CHECK(selected(file, {}, range("6:*")) == Cids{file, leaves[2], leaves[3]});
  CHECK(selected(file, {}, {}).error().code == ErrorCode::kNotFound);
}

TEST_CASE_FIXTURE(Tree, "a path leads through documents, and may end in one") {
  CHECK(selected(document, {"d", "0"}, {.scope = Scope::kBlock}) == Cids{document, file});
  CHECK(selected(document, {"d"}, {.scope = Scope::kBlock}) == Cids{document});
  CHECK(selected(document, {}, {.scope = Scope::kEntity}) == Cids{document});
  CHECK(selected(document, {"e"}, {}).error().code == ErrorCode::kNotFound);
  CHECK(selected(document, {"d", "1"}, {}).error().code == ErrorCode::kNotFound);
  CHECK(selected(document, {"d", "00x"}, {}).error().code == ErrorCode::kNotFound);
  const Cid json = memory.keep(Codec::kDagJson, R"({"a":{"/":")" + file.text() + R"("}})");
  CHECK(selected(json, {"a"}, {.scope = Scope::kBlock}) == Cids{json, file});
}

TEST_CASE_FIXTURE(Tree, "a block that is in its CID is none of them") {
  const Cid inline_cid = Cid::v1(Codec::kRaw, hash_of(HashCode::kIdentity, "abc").value());
  CHECK(memory.put(inline_cid, "abc"));
  CHECK(selected(inline_cid, {}, {.duplicates = true}) == Cids{});
}

TEST_CASE("ranges are of what is there") {
  const auto span = [](const char* text, uint64_t size) { return span_of(*EntityBytes::parse(text), size); };
  CHECK(!span("0:*", 0));
  CHECK(span("-9223372036854775808:*", 7)->length == 7);
  CHECK(span("0:9223372036854775807", 7)->length == 7);
  CHECK(!span("0:-9223372036854775808", 7));
  CHECK(!EntityBytes::parse("5:2"));
  CHECK(!EntityBytes::parse("1"));
  CHECK(!EntityBytes::parse("1:2:3"));
  CHECK(!EntityBytes::parse("9223372036854775808:*"));
}
