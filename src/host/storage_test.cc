// SPDX-License-Identifier: Apache-2.0
#include "host/storage.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/testing.h"

namespace berth::host {
namespace {

namespace fs = std::filesystem;

class Folder : public TestFolder {
 public:
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(at(name)) << text;
  }
};

policy::Policy with(const std::vector<std::string>& grants) {
  policy::Policy policy;
  for (const std::string& grant : grants) policy.grants.push_back(policy::parse_grant(grant, "test").value());
  return policy;
}

}  // namespace

TEST_CASE("what lies in a folder is counted: files once, whatever their names, folders and links too") {
  const Folder folder;
  folder.write("a", "12345");
  fs::create_hard_link(folder.at("a"), folder.at("b"));
  fs::create_directory(folder.at("below"));
  folder.write("below/c", "12");
  fs::create_symlink("/etc/passwd", folder.at("link"));
  fs::resize_file(folder.at("below/c"), 1000);

  const auto storage = Storage::open(with({"files " + folder.path() + ":/data:rw:quota=1MiB"})).value();
  const StorageReport report = storage->report();
  REQUIRE(report.folders.size() == 1);
  CHECK(report.folders[0].stored.bytes == 1005);
  CHECK(report.folders[0].stored.files == 4);
  CHECK(report.folders[0].quota == engine::Quota{.bytes = 1 << 20, .files = files_for(1 << 20)});
  CHECK(report.total.stored.bytes == 1005);
}

TEST_CASE("nothing is counted where nothing is bounded") {
  const Folder folder;
  CHECK(Storage::open(with({"files " + folder.path() + ":/data:rw"})).value() == nullptr);
  policy::Policy read_only = with({"files " + folder.path() + ":/data"});
  read_only.limits.storage_bytes = 1;
  CHECK(Storage::open(read_only).value() == nullptr);
}

TEST_CASE("the module's limit is that of all folders that it may write to") {
  const Folder left;
  const Folder right;
  left.write("a", "123");
  right.write("b", "4567");
  policy::Policy both =
      with({"files " + left.path() + ":/left:rw", "files " + right.path() + ":/right:rw:files=9"});
  both.limits.storage_bytes = 10;
  const auto storage = Storage::open(both).value();
  CHECK(storage->report().total.stored.bytes == 7);
  CHECK(storage->report().total.quota.files == files_for(10));
  CHECK(storage->report().folders[1].quota == engine::Quota{.bytes = std::nullopt, .files = 9});
}

TEST_CASE("folders that overlap can't be counted apart") {
  const Folder folder;
  fs::create_directory(folder.at("below"));
  const std::string outer = "files " + folder.path() + ":/outer:rw";
  const std::string inner = "files " + folder.at("below") + ":/inner:rw:quota=1MiB";
  CHECK(Storage::open(with({outer, inner})).error().code == ErrorCode::kInvalidArgument);
  CHECK(Storage::open(with({"files " + folder.path() + ":/outer:ro", inner})).has_value());
}

TEST_CASE("a folder that is counted is counted once, also above it and below") {
  const Folder folder;
  fs::create_directories(folder.at("middle/below"));
  const auto grant = [&](const std::string& below) {
    return with({"files " + (below.empty() ? folder.path() : folder.at(below)) + ":/data:rw:quota=1MiB"});
  };
  auto first = Storage::open(grant("middle"));
  REQUIRE(first.has_value());
  for (const char* other : {"", "middle", "middle/below"}) {
    CAPTURE(other);
    const auto second = Storage::open(grant(other));
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().code == ErrorCode::kUnavailable);
    CHECK(second.error().message.find("is in use") != std::string::npos);
  }
  first->reset();
  CHECK(Storage::open(grant("")).has_value());
}

TEST_CASE("a bound that was met is explained with what is stored and how to raise it") {
  policy::Effective effective;
  effective.policy.limits.storage_bytes = 1000;
  const engine::Stored full{
      .bytes = 990, .files = 2, .peak_bytes = 1000, .peak_files = 3, .refused_bytes = 2};
  StorageReport report;
  report.total = {.quota = {.bytes = 1000, .files = 5}, .stored = full};
  report.folders.push_back({{.quota = {}, .stored = full}, "/srv", "/data"});
  REQUIRE(explain_storage(report, effective).size() == 1);
  CHECK(explain_storage(report, effective)[0] ==
        "limit: storage: there was no room, 2 times: 990 B of 1000 B and 2 of 5 files are stored; raise it "
        "with "
        "--limit storage=2000B");

  report.folders[0].quota.files = 3;
  report.folders[0].stored.refused_bytes = 0;
  report.folders[0].stored.refused_files = 2;
  CHECK(explain_storage(report, effective)[0] ==
        "limit: storage: there was no room in '/data', 2 times: 990 B and 2 of 3 files are stored; raise it "
        "with "
        "'files=6' in its grant");

  report.folders.clear();
  effective.limited_by.push_back({.limits = {.storage_bytes = 1000}, .source = "host.toml"});
  CHECK(explain_storage(report, effective)[0].ends_with("allows no more: 'storage' in host.toml"));
}

}  // namespace berth::host
