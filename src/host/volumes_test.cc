// SPDX-License-Identifier: Apache-2.0
#include "host/volumes.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "base/testing.h"

namespace berth::host {
namespace {

namespace fs = std::filesystem;

/// A state folder of the test's own.
class State : public TestFolder {
 public:
  Volumes volumes() const {
    return Volumes(path());
  }
};

policy::Policy with(const std::vector<std::string>& grants) {
  policy::Policy policy;
  for (const std::string& grant : grants) policy.grants.push_back(policy::parse_grant(grant, "test").value());
  return policy;
}

/// Makes a volume, and lets go of it.
void make(const State& state, const std::string& name) {
  policy::Policy policy = with({"files @" + name + ":rw"});
  REQUIRE(state.volumes().open(policy).has_value());
}

bool is_closed(const std::string& path) {
  return (fs::status(path).permissions() & fs::perms(0077)) == fs::perms::none;
}

}  // namespace

TEST_CASE("a volume is made for the first module that may write to it, closed to others") {
  const State state;
  policy::Policy policy = with({"files @notes:/data:rw", "files /tmp:/tmp"});
  REQUIRE(state.volumes().open(policy).has_value());
  CHECK(std::get<policy::FilesGrant>(policy.grants[0].extent).host_path == state.at("volumes/notes/data"));
  CHECK(policy::to_text(policy.grants[0]) == "files @notes:/data:rw:quota=64MiB");
  for (const char* folder : {"volumes", "volumes/notes", "volumes/notes/data"}) {
    CAPTURE(folder);
    CHECK(is_closed(state.at(folder)));
  }
  policy::Policy reader = with({"files @notes"});
  CHECK(state.volumes().open(reader).has_value());
}

TEST_CASE("a volume to read must be there, and one of a name like it is told") {
  const State state;
  policy::Policy reader = with({"files @notes"});
  CHECK(state.volumes().open(reader).error() ==
        Error{.code = ErrorCode::kNotFound,
              .message =
                  "there is no volume 'notes', and no other; it is made when a module may write to it, "
                  "':rw'"});
  CHECK_FALSE(fs::exists(state.at("volumes")));
  make(state, "nodes");
  CHECK(state.volumes().open(reader).error().message.starts_with(
      "there is no volume 'notes', did you mean 'nodes'"));
}

TEST_CASE("a volume that somebody has put a link in place of, or opened to others, is refused") {
  const State state;
  make(state, "notes");
  policy::Policy policy = with({"files @notes:rw"});
  fs::permissions(state.at("volumes/notes/data"), fs::perms(0755));
  CHECK(state.volumes().open(policy).error().code == ErrorCode::kDenied);
  fs::remove(state.at("volumes/notes/data"));
  fs::create_directory_symlink("/etc", state.at("volumes/notes/data"));
  CHECK(state.volumes().open(policy).error().code == ErrorCode::kDenied);
  fs::remove_all(state.at("volumes/notes"));
  fs::create_directory(state.at("elsewhere"));
  fs::create_directory_symlink(state.at("elsewhere"), state.at("volumes/notes"));
  CHECK(state.volumes().open(policy).error().code == ErrorCode::kDenied);
}

TEST_CASE("a host path among the volumes is refused, and one above them is told") {
  const State state;
  policy::Policy home = with({"files " + state.at("") + ":/home:rw"});
  CHECK(state.volumes().shown_by(home).empty());
  make(state, "notes");
  for (const char* below : {"volumes", "volumes/notes", "volumes/notes/data", "volumes/other"}) {
    policy::Policy policy = with({"files " + state.at(below) + ":/data"});
    CAPTURE(below);
    CHECK(state.volumes().open(policy).error().code == ErrorCode::kInvalidArgument);
  }
  CHECK(state.volumes().open(home).has_value());
  REQUIRE(state.volumes().shown_by(home).size() == 1);
  CHECK(state.volumes().shown_by(home)[0].find("read and write all volumes of other modules too") !=
        std::string::npos);
  CHECK(state.volumes().shown_by(with({"files @notes:rw", "files /tmp/nowhere:/x"})).empty());
}

TEST_CASE("what is kept is listed with what is stored and whether it is in use") {
  const State state;
  CHECK(state.volumes().list().value().empty());
  make(state, "b");
  make(state, "a");
  std::ofstream(state.at("volumes/a/data/file")) << "12345";
  policy::Policy reader = with({"files @b"});
  const auto locks = state.volumes().open(reader).value();
  const auto volumes = state.volumes().list().value();
  REQUIRE(volumes.size() == 2);
  CHECK(volumes[0].name == "a");
  CHECK(volumes[0].size->bytes == 5);
  CHECK(volumes[0].size->files == 1);
  CHECK_FALSE(volumes[0].in_use);
  CHECK(volumes[1].in_use);
  CHECK(volumes[1].used_unix_seconds > 1'700'000'000);
}

TEST_CASE("volumes are removed all or none, and not while they are in use") {
  const State state;
  for (const char* name : {"a", "b", "c"}) make(state, name);
  {
    policy::Policy reader = with({"files @b"});
    const auto locks = state.volumes().open(reader).value();
    CHECK(state.volumes().remove({"a", "b"}).error().code == ErrorCode::kUnavailable);
  }
  CHECK(state.volumes().remove({"a", "d"}).error().code == ErrorCode::kNotFound);
  CHECK(state.volumes().remove({"../volumes/a"}).error().code == ErrorCode::kNotFound);
  CHECK(state.volumes().list().value().size() == 3);
  // What a kill left of another one.
  fs::create_directories(state.at("volumes/.removed.d/data"));
  REQUIRE(state.volumes().remove({"a", "b"}).has_value());
  CHECK(state.volumes().list().value().size() == 1);
  CHECK_FALSE(fs::exists(state.at("volumes/.removed.d")));
  make(state, "a");
}

}  // namespace berth::host
