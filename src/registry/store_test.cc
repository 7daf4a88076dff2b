// SPDX-License-Identifier: Apache-2.0
#include "registry/store.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/testing.h"

namespace berth::registry {
namespace {

namespace fs = std::filesystem;

struct Fixture {
  TestFolder folder;
  Store store = Store::open(folder.at("store")).value();

  /// A name for these bytes, as a pull would leave it.
  Digest add(const std::string& name, const std::string& bytes, bool pinned = false) {
    const Blob blob = store.keep(bytes).value();
    const Digest digest = sha256(bytes);
    REQUIRE(
        store.put({.name = name, .manifest = {}, .module = digest, .size = bytes.size(), .pinned = pinned}));
    return digest;
  }
  void last_used(const Digest& digest, int hours_ago) {
    fs::last_write_time(store.blob_path(digest),
                        fs::file_time_type::clock::now() - std::chrono::hours(hours_ago));
  }
  void spoil(const Digest& digest) {
    fs::permissions(store.blob_path(digest), fs::perms::owner_all);
    std::ofstream(store.blob_path(digest), std::ios::app) << "x";
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "what is kept is found by its digest and its name") {
  const Digest digest = add("oci://h/a:1", "bytes");
  CHECK(store.find(digest).value().has_value());
  CHECK(store.record("oci://h/a:1").value()->module == digest);
  CHECK_FALSE(store.record("oci://h/a:2").value());
  CHECK(store.records()->size() == 1);
  CHECK(store.verify(false)->damage.empty());
  CHECK(store.beginning_with(digest.hex().substr(0, 8)) == std::vector{digest});
}

TEST_CASE_FIXTURE(Fixture, "bytes that aren't those that were wanted become no blob") {
  Wanted wanted = store.want(sha256("good")).value();
  REQUIRE(wanted.incoming->add("evil"));
  const auto kept = store.keep(std::move(wanted.incoming), sha256("good"));
  REQUIRE_FALSE(kept.has_value());
  CHECK(kept.error().code == ErrorCode::kInvalidModule);
  CHECK_FALSE(store.find(sha256("good")).value());
  CHECK_FALSE(store.find(sha256("evil")).value());
  CHECK(fs::is_empty(store.folder() + "/partial"));
}

TEST_CASE_FIXTURE(Fixture, "what was cut off goes on from there") {
  const std::string bytes(700'000, 'a');
  {
    const Wanted wanted = store.want(sha256(bytes)).value();
    REQUIRE(wanted.incoming->add(std::string_view(bytes).substr(0, 300'000)));
  }
  Wanted wanted = store.want(sha256(bytes)).value();
  REQUIRE(wanted.incoming->have() == 300'000);
  REQUIRE(wanted.incoming->add(std::string_view(bytes).substr(300'000)));
  CHECK(store.keep(std::move(wanted.incoming), sha256(bytes)).has_value());
}

TEST_CASE_FIXTURE(Fixture, "who wants what another one brings waits, and finds it") {
  Wanted first = store.want(sha256("bytes")).value();
  bool waited = false;
  std::thread second([&] {
    const Wanted wanted = store.want(sha256("bytes"), [&] { waited = true; }).value();
    CHECK(wanted.there.has_value());
    CHECK(wanted.incoming == nullptr);
  });
  REQUIRE(first.incoming->add("bytes"));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  REQUIRE(store.keep(std::move(first.incoming), sha256("bytes")));
  second.join();
}

TEST_CASE_FIXTURE(Fixture, "a blob goes with its last name") {
  const Digest digest = add("oci://h/a:1", "bytes");
  add("oci://h/a:2", "bytes");
  CHECK(store.remove("oci://h/a:1").value());
  CHECK(store.find(digest).value());
  CHECK(store.remove("oci://h/a:2").value());
  CHECK_FALSE(store.find(digest).value());
  CHECK_FALSE(store.remove("oci://h/a:2").value());
}

TEST_CASE_FIXTURE(Fixture, "a blob that is in use stays, whatever is removed") {
  const Digest digest = add("oci://h/a:1", "bytes");
  {
    const auto used = store.find(digest).value();
    REQUIRE(store.remove("oci://h/a:1"));
    REQUIRE(store.collect(0));
    CHECK(store.find(digest).value());
  }
  CHECK(store.collect(0)->blobs == 1);
  CHECK_FALSE(store.find(digest).value());
}

TEST_CASE_FIXTURE(Fixture,
                  "when room is needed, what wasn't used for the longest time goes, and pinned names stay") {
  const std::string kilobyte(1000, ' ');
  const Digest old = add("oci://h/old:1", "old" + kilobyte);
  const Digest pinned = add("oci://h/pinned:1", "pin" + kilobyte, true);
  const Digest recent = add("oci://h/recent:1", "rec" + kilobyte);
  last_used(pinned, 9);
  last_used(old, 5);
  last_used(recent, 1);
  const auto removed = store.collect(2100);
  REQUIRE(removed);
  CHECK(removed->names == std::vector<std::string>{"oci://h/old:1"});
  CHECK_FALSE(store.find(old).value());
  CHECK(store.find(pinned).value());
  CHECK(store.find(recent).value());
  CHECK(store.verify(false)->damage.empty());
}

TEST_CASE_FIXTURE(Fixture, "what is spoilt is found, and repaired by bringing it again") {
  const Digest digest = add("oci://h/a:1", "bytes");
  spoil(digest);
  const auto checked = store.verify(false);
  REQUIRE(checked->damage.size() == 1);
  CHECK(checked->damage[0].names == std::vector<std::string>{"oci://h/a:1"});
  CHECK_FALSE(store.find(digest, Trust::kBytes).value());
  add("oci://h/a:1", "bytes");
  CHECK(store.verify(false)->damage.empty());
}

TEST_CASE_FIXTURE(Fixture, "names without a blob and records that can't be read are found") {
  const Digest digest = add("oci://h/a:1", "bytes");
  fs::remove(store.blob_path(digest));
  std::ofstream(store.record_path("oci://h/b:1")) << "{";
  const auto checked = store.verify(true);
  REQUIRE(checked->damage.size() == 2);
  CHECK(checked->damage[0].kind == Damage::Kind::kRecord);
  CHECK(checked->damage[1].kind == Damage::Kind::kMissing);
  CHECK(store.verify(false)->damage.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a record counts under its own name alone") {
  add("oci://h/a:1", "bytes");
  fs::copy(store.record_path("oci://h/a:1"), store.record_path("oci://h/b:1"));
  CHECK(store.records()->size() == 1);
  CHECK_FALSE(store.record("oci://h/b:1").has_value());
}

}  // namespace berth::registry
