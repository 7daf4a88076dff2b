// SPDX-License-Identifier: Apache-2.0
// CARs as they are read back, and as others would have them read wrongly.
#include "providers/content/car.h"

#include <random>

#include "providers/content/testing.h"
#include "providers/content/tree.h"
#include "providers/content/varint.h"
#include "providers/content/walk.h"

using namespace berth;
using namespace berth::content;
using namespace berth::content::testing;

namespace {

std::string joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += part;
  return all;
}

/// A small tree of many blocks, and its CAR in parts.
struct Sample {
  Sample() {
    std::mt19937_64 random(1);
    for (int i = 0; i < 3000; ++i) bytes += static_cast<char>(random());
    const Profile profile{.chunk_bytes = 100, .file_links = 5};
    root = add_file(reading(bytes), profile, {}, memory).value().cid;
    parts.push_back(car_header({root}));
    CHECK(walk(memory, root, {}, [&](const Cid& cid, std::string_view block) -> Result<void> {
            parts.push_back(car_section(cid, block.size()) + std::string(block));
            return {};
          }).has_value());
  }
  std::string car() const {
    return joined(parts);
  }

  std::string bytes;
  Memory memory;
  Cid root;
  std::vector<std::string> parts;
};

/// What a stranger's CAR comes to: blocks that were given, and where it ended.
struct Outcome {
  Memory blocks;
  std::vector<Cid> roots;
  std::optional<Error> error;
};

void import(const std::string& car, Outcome& outcome, size_t at_once = SIZE_MAX) {
  auto reader = CarReader::open(reading(car, at_once));
  if (!reader) {
    outcome.error = reader.error();
    return;
  }
  outcome.roots = reader->roots();
  for (;;) {
    const auto block = reader->next();
    if (!block) {
      outcome.error = block.error();
      CHECK_FALSE(reader->next().value().has_value());
      return;
    }
    if (!*block) return;
    CHECK(outcome.blocks.put((*block)->cid, (*block)->bytes).has_value());
  }
}

/// All of the file, or why not; never other bytes.
Result<std::string> read_all(BlockSource& source, const Cid& root) {
  const Node node = BERTH_TRY(open_node(source, root));
  std::string bytes;
  BERTH_TRY_VOID(read_file(source, node, 0, UINT64_MAX, [&](std::string_view piece) -> Result<void> {
    bytes += piece;
    return {};
  }));
  return bytes;
}

}  // namespace

TEST_CASE("a CAR of either version is read back, in pieces of any size") {
  const Sample sample;
  for (const size_t at_once : {size_t{1}, size_t{7}, SIZE_MAX}) {
    for (const std::string& car :
         {sample.car(), car_v2_header(sample.car().size()) + sample.car() + "an index"}) {
      Outcome outcome;
      import(car, outcome, at_once);
      CHECK_FALSE(outcome.error.has_value());
      CHECK(outcome.roots == std::vector{sample.root});
      CHECK(outcome.blocks.blocks == sample.memory.blocks);
      CHECK(read_all(outcome.blocks, sample.root).value() == sample.bytes);
    }
  }
}

TEST_CASE("no changed CAR gives a wrong byte, and each change is named") {
  const Sample sample;
  std::mt19937_64 random(2);
  std::map<std::string, int> kinds;
  for (int round = 0; round < 10'000; ++round) {
    std::vector<std::string> parts = sample.parts;
    const size_t at = 1 + random() % (parts.size() - 1);
    std::string car;
    const uint64_t kind = random() % 7;
    CAPTURE(kind);
    CAPTURE(at);
    switch (kind) {
      case 0: {  // a bit
        car = joined(parts);
        const size_t bit = random() % (car.size() * 8);
        car[bit / 8] = static_cast<char>(static_cast<uint8_t>(car[bit / 8]) ^ 1U << (bit % 8));
        break;
      }
      case 1:  // bytes of one block under the name of another
        std::swap(parts[at], parts[1 + random() % (parts.size() - 1)]);
        parts[at].replace(parts[at].size() - 4, 4, "evil");
        break;
      case 2:  // missing
        parts.erase(parts.begin() + static_cast<ptrdiff_t>(at));
        break;
      case 3:  // cut off
        car = joined(parts);
        car.resize(random() % car.size());
        break;
      case 4:  // larger than it may be
        parts[at] = car_section(sample.root, kMostBlock + 1) + std::string(kMostBlock + 1, 'a');
        break;
      case 5: {  // a node that leads to itself
        PbNode node{.links = {{.cid = sample.root, .name = {}, .tsize = 1}}, .data = {}};
        const std::string bytes = write_pb(node);
        parts[at] = car_section(sample.root, bytes.size()) + bytes;
        break;
      }
      default:  // another root
        parts[0] = car_header({Cid::v1(Codec::kRaw, hash_of(HashCode::kSha2_256, "other").value())});
    }
    if (car.empty() && kind != 3) car = joined(parts);
    Outcome outcome;
    import(car, outcome);
    const auto bytes = read_all(outcome.blocks, sample.root);
    if (bytes) CHECK(*bytes == sample.bytes);
    // Named: by the reader, as a block that isn't there, or as a root that isn't.
    const bool whole = bytes && !outcome.error && outcome.roots == std::vector{sample.root};
    if (whole) continue;  // a change that changes nothing: of two blocks alike
    const bool named = outcome.error ? !outcome.error->message.empty()
                       : bytes       ? outcome.roots != std::vector{sample.root}
                                     : bytes.error().code == ErrorCode::kNotFound;
    CHECK(named);
    ++kinds[std::to_string(kind)];
  }
  CHECK(kinds.size() == 7);
  for (const auto& [kind, count] : kinds) CHECK(count > 1000);
}

TEST_CASE("blocks that come in another order, twice or beside those that are needed change nothing") {
  Sample sample;
  std::mt19937_64 random(3);
  std::shuffle(sample.parts.begin() + 1, sample.parts.end(), random);
  sample.parts.push_back(sample.parts[1]);
  Memory other;
  const Cid extra = other.keep(Codec::kRaw, "extra");
  sample.parts.push_back(car_section(extra, 5) + "extra");
  Outcome outcome;
  import(sample.car(), outcome);
  CHECK_FALSE(outcome.error.has_value());
  CHECK(read_all(outcome.blocks, sample.root).value() == sample.bytes);
}

TEST_CASE("a header that would take the stack of its reader is refused") {
  for (const char head : {'\x5f', '\x7f', '\xc6'}) {
    std::string car;
    put_varint(car, 512 << 10);
    car += std::string(512 << 10, head);
    Outcome outcome;
    import(car, outcome);
    REQUIRE(outcome.error.has_value());
    CHECK(outcome.error->message.starts_with("this is no CAR, at byte "));
  }
}

TEST_CASE("roots that are named twice are told once") {
  const Sample sample;
  const Cid other = Cid::v1(Codec::kRaw, hash_of(HashCode::kSha2_256, "other").value());
  const auto reader = CarReader::open(reading(car_header({sample.root, other, sample.root, other})));
  CHECK(reader->roots() == std::vector{sample.root, other});
}

TEST_CASE("a header that can't be is refused") {
  const Sample sample;
  const std::string good = sample.car();
  for (const std::string& car :
       {std::string(), std::string("\x0a"), std::string(100, '\0'), "\x0a\xa1\x67version\x03" + good,
        "\x0a\xa1\x67version\x02" + good, car_v2_header(3) + good, car_v2_header(good.size() + 1) + good,
        car_header(std::vector(kMostRoots + 1, sample.root)), std::string("\xff\xff\xff\xff\x7f")}) {
    Outcome outcome;
    import(car, outcome);
    REQUIRE(outcome.error.has_value());
    CHECK(outcome.error->code == ErrorCode::kInvalidArgument);
    CHECK(outcome.error->message.starts_with("this is no CAR, at byte "));
  }
}
