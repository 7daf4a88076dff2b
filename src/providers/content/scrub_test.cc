// SPDX-License-Identifier: Apache-2.0
#include "providers/content/scrub.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "providers/content/testing.h"

using namespace berth;
using namespace berth::content;
using namespace berth::content::testing;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr ScrubOptions kDaily{.every = 24h, .rests = 0};

struct Place : StorePlace {
  fs::path block(const std::string& bytes) {
    const Cid cid = Cid::v1(Codec::kRaw, hash_of(HashCode::kSha2_256, bytes).value());
    CHECK(store->put(cid, bytes).has_value());
    return store->block_path(cid);
  }
  void set_checked(const fs::path& block, std::chrono::seconds from_now) {
    const fs::path stamp = folder / "content/checked" / block.parent_path().filename();
    fs::last_write_time(stamp, fs::file_time_type::clock::now() + from_now);
  }
  CheckedBlocks scrub(ScrubOptions options = kDaily) {
    return content::scrub(*store, options).value();
  }
};

}  // namespace

TEST_CASE("blocks are checked again when their time has come") {
  Place place;
  const fs::path one = place.block("one");
  CHECK(place.scrub().blocks == 1);
  CHECK(place.scrub().blocks == 0);
  CHECK(place.scrub({.every = 0s, .rests = 0}).blocks == 1);
  place.set_checked(one, -25h);
  CHECK(place.scrub().blocks == 1);
  CHECK(place.scrub().blocks == 0);
  // By a clock that went wrong.
  place.set_checked(one, 1000h);
  CHECK(place.scrub().blocks == 1);
}

TEST_CASE("what the verb has checked isn't due") {
  Place place;
  place.block("one");
  REQUIRE(place.store->verify(Repair::kNo, LockedFile::Wait::kNo).value().has_value());
  CHECK(place.scrub().blocks == 0);
}

TEST_CASE("damage is found and removed, once nobody uses the store") {
  Place place;
  const fs::path good = place.block("good");
  const fs::path bad = place.block("bad");
  Place::damage(bad);
  {
    const Keeping keeping = place.store->keep().value();
    const CheckedBlocks checked = place.scrub();
    REQUIRE(checked.damage.size() == 1);
    CHECK_FALSE(checked.damage[0].removed);
    CHECK(fs::exists(bad));
  }
  const CheckedBlocks checked = place.scrub();
  REQUIRE(checked.damage.size() == 1);
  CHECK(checked.damage[0].path == bad);
  CHECK(checked.damage[0].removed);
  CHECK_FALSE(fs::exists(bad));
  CHECK(fs::exists(good));
}

TEST_CASE("damage that isn't to be repaired stays, and is told once in that time") {
  Place place;
  const fs::path bad = place.block("bad");
  Place::damage(bad);
  const ScrubOptions looking{.every = 24h, .repair = Repair::kNo, .rests = 0};
  CHECK(place.scrub(looking).damage.size() == 1);
  CHECK(place.scrub(looking).damage.empty());
  CHECK(fs::exists(bad));
}

TEST_CASE("what is in use isn't read, and that is told") {
  Place place;
  place.block("one");
  {
    const auto removes = LockedFile::make((place.folder / "content/lock").string(), LockedFile::Wait::kYes);
    REQUIRE(removes.has_value());
    const CheckedBlocks checked = place.scrub();
    CHECK(checked.blocks == 0);
    CHECK(checked.busy == 1);
  }
  CHECK(place.scrub().blocks == 1);
}

TEST_CASE("who is told to stop reads no more") {
  Place place;
  place.block("one");
  std::stop_source stop;
  stop.request_stop();
  CHECK(scrub(*place.store, kDaily, stop.get_token()).value().blocks == 0);
  CHECK(place.scrub().blocks == 1);
}
