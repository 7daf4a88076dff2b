// SPDX-License-Identifier: Apache-2.0
#include "providers/content/car_source.h"

#include "providers/content/testing.h"

namespace berth::content {
namespace {

using testing::Memory;

/// A file of four blocks below a node, and CARs of it in any order.
struct Fixture {
  Memory published;
  Memory kept;
  Cid root;
  std::vector<Cid> order;
  size_t came = 0;

  Fixture() {
    PbNode node;
    UnixFs about{.type = UnixFs::Type::kFile};
    for (const char* const text : {"one", "two", "three", "four"}) {
      const Cid leaf = published.keep(Codec::kRaw, text);
      node.links.push_back({.cid = leaf, .name = "", .tsize = std::string_view(text).size()});
      about.block_sizes.push_back(std::string_view(text).size());
      order.push_back(leaf);
    }
    about.file_size = 15;
    node.data = write_unixfs(about);
    root = published.keep(Codec::kDagPb, write_pb(node));
    order.insert(order.begin(), root);
  }

  std::string car(const std::vector<Cid>& cids, const std::vector<Cid>& roots) {
    std::string bytes = car_header(roots);
    for (const Cid& cid : cids) {
      const std::string block = published.get(cid).value();
      bytes += car_section(cid, block.size()) + block;
    }
    return bytes;
  }

  /// What is said of it; empty when it is all as it was asked for.
  std::string read(const std::string& bytes) {
    const auto each = [&](const Cid&, std::string_view) -> Result<void> {
      ++came;
      return {};
    };
    auto source = CarSource::open(testing::reading(bytes, 7), kept, each);
    if (!source) return source.error().message;
    const Wanted wanted = Wanted::all(root);
    const auto terminal = [&](const Cid& cid) { return source->check_roots(wanted, cid); };
    auto done = traverse(*source, wanted, terminal);
    if (done) done = source->finish();
    if (!done) CHECK(source->to_blame());
    return done ? "" : done.error().message;
  }
};

bool has(const std::string& said, std::string_view part) {
  CHECK_MESSAGE(said.find(part) != std::string::npos, said);
  return true;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a CAR of what was asked for is taken, whatever it says of its root or doesn't") {
  CHECK(read(car(order, {root})) == "");
  CHECK(read(car(order, {})) == "");
  CHECK(came == 10);
}

TEST_CASE_FIXTURE(Fixture, "a block that is elsewhere, missing, extra or another's is named") {
  auto other = order;
  std::swap(other[1], other[2]);
  has(read(car(other, {root})), "another block than was asked for");
  other = order;
  other.erase(other.begin() + 2);
  has(read(car(other, {root})), "another block than was asked for");
  other = order;
  other.pop_back();
  has(read(car(other, {root})), "truncated: it ends before the block " + order.back().text());
  other = order;
  other.push_back(order[1]);
  has(read(car(other, {root})), "a block that nobody asked for: " + order[1].text());
  has(read(car(order, {order[1]})), "wrong roots");
}

TEST_CASE_FIXTURE(Fixture, "what was kept before needn't come again") {
  kept.keep(Codec::kRaw, "two");
  auto other = order;
  other.erase(other.begin() + 2);
  CHECK(read(car(other, {root})) == "");
}

TEST_CASE_FIXTURE(Fixture, "one of version 2 isn't looked through for its blocks") {
  const std::string blocks = car(order, {root});
  const auto source = CarSource::open(testing::reading(car_v2_header(blocks.size()) + blocks), kept, {});
  REQUIRE_FALSE(source.has_value());
  CHECK(source.error().code == ErrorCode::kUnsupported);
}

TEST_CASE_FIXTURE(Fixture, "one that ends within its header is cut off, and no lie") {
  const std::string header = car_header({root});
  for (size_t end = 0; end < header.size(); ++end) {
    const auto source = CarSource::open(testing::reading(header.substr(0, end)), kept, {});
    REQUIRE_FALSE(source.has_value());
    CHECK_MESSAGE(source.error().code == ErrorCode::kUnavailable, source.error().message);
  }
}

TEST_CASE("what is wanted is written as gateways read it") {
  const Cid root = Cid::parse("bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy").value();
  CHECK(Wanted::all(root).url_part() == root.text() + "?dag-scope=all");
  const Wanted part{
      .path = {.root = root, .names = {"a b", "\xc3\xa4%?#/"}}, .scope = Scope::kEntity, .from = 5, .to = 10};
  CHECK(part.url_part() == root.text() + "/a%20b/%C3%A4%25%3F%23%2F?dag-scope=entity&entity-bytes=5:9");
  const Wanted rest{.path = {.root = root, .names = {}}, .scope = Scope::kEntity, .from = 5};
  CHECK(rest.url_part() == root.text() + "?dag-scope=entity&entity-bytes=5:*");
}

}  // namespace berth::content
