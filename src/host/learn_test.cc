// SPDX-License-Identifier: Apache-2.0
#include "host/learn.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace berth::host {
namespace {

namespace fs = std::filesystem;
using policy::Knock;
using Lines = std::vector<std::string>;

/// A folder of this machine with some files, and a session that began in it.
class Place {
 public:
  Place() {
    std::string pattern = (fs::temp_directory_path() / "berth-learn-test-XXXXXX").string();
    root = fs::canonical(::mkdtemp(pattern.data())).string();
    for (const char* folder : {"data", "out", "tmp"}) fs::create_directories(root + "/site/" + folder);
    for (const char* file : {"site/app.js", "site/data/a", "note"}) std::ofstream(root + "/" + file) << "x";
    scope.folder = root;
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    fs::remove_all(root);
  }

  void give(std::string_view grant) {
    scope.given.push_back(policy::parse_grant(grant, "test").value());
  }

  std::string root;
  LearnScope scope;
};

Knock file(std::string operation, std::string path, policy::Reason reason = policy::Reason::kNoGrant) {
  return {.capability = policy::Capability::kFiles,
          .operation = std::move(operation),
          .target = std::move(path),
          .reason = reason};
}

Lines lines_of(const std::vector<policy::Grant>& grants) {
  Lines lines;
  for (const policy::Grant& grant : grants) lines.push_back(policy::to_text(grant));
  return lines;
}

/// The lines of the first proposal for these knocks.
Lines proposed(const Learner& learner, const std::vector<Knock>& knocks) {
  const Sorted sorted = learner.sort(knocks);
  return sorted.proposals.empty() ? Lines{} : lines_of(sorted.proposals.front().lines);
}

void open(Learner& learner, const Knock& knock) {
  const Sorted sorted = learner.sort({knock});
  REQUIRE(sorted.proposals.size() == 1);
  learner.open(sorted.proposals.front());
}

}  // namespace

TEST_CASE("a path means the same path of this machine, else that below the folder berth began in") {
  const Place place;
  const Learner learner(place.scope);
  CHECK(proposed(learner, {file("open-read", place.root + "/site/app.js")}) ==
        Lines{"files " + place.root + "/site:" + place.root + "/site:ro"});
  CHECK(proposed(learner, {file("open-read", "/site/app.js")}) ==
        Lines{"files " + place.root + "/site:/site:ro"});
  CHECK(proposed(learner, {file("open-write", "/site/new.js")}) ==
        Lines{"files " + place.root + "/site:/site:rw"});
  CHECK(proposed(learner, {file("open-read", "/note")}) == Lines{"files " + place.root + ":/:ro"});
}

TEST_CASE("a given grant says what a path means, and its part that is used needs no question") {
  Place place;
  place.give("files " + place.root + "/site:/app:rw");
  const Learner learner(place.scope);
  const Sorted sorted = learner.sort({file("open-read", "/app/data/a")});
  REQUIRE(sorted.proposals.size() == 1);
  CHECK(lines_of(sorted.proposals[0].lines) == Lines{"files " + place.root + "/site/data:/app/data:ro"});
  CHECK(sorted.proposals[0].standing == Standing::kGiven);
}

TEST_CASE("what lies in the outer policy needs no question, what the owner forbids can't be agreed to") {
  Place place;
  place.scope.within = {
      policy::parse_grant("files " + place.root + "/site:*:ro", "", policy::Role::kOwner).value()};
  place.scope.owner.grants = {
      policy::parse_grant("files " + place.root + ":*:ro", "", policy::Role::kOwner).value()};
  const Learner learner(place.scope);
  const auto standing = [&](const Knock& knock) { return learner.sort({knock}).proposals.at(0).standing; };
  CHECK(standing(file("open-read", "/site/app.js")) == Standing::kWithin);
  CHECK(standing(file("open-read", place.root + "/note")) == Standing::kToAsk);
  CHECK(standing(file("open-write", "/site/app.js")) == Standing::kForbidden);
}

TEST_CASE("a look for what isn't there is a probe, and the machine's root is never opened") {
  const Place place;
  const Learner learner(place.scope);
  const Sorted sorted = learner.sort({file("open-read", "/site/tsconfig.json"), file("stat", "/nowhere/x")});
  CHECK(sorted.proposals.empty());
  CHECK(sorted.probes == 2);
  CHECK(learner.sort({file("list", "/")}).proposals.size() == 1);
  CHECK(proposed(learner, {file("list", "/")}) == Lines{"files " + place.root + ":/:ro"});
}

TEST_CASE("a folder above others that are used waits until nothing else helps") {
  const Place place;
  const Learner learner(place.scope);
  const Sorted sorted = learner.sort({file("stat", place.root), file("open-read", place.root + "/site"),
                                      file("open-read", place.root + "/site/app.js")});
  REQUIRE(sorted.proposals.size() == 1);
  CHECK(sorted.proposals[0].use.target == place.root + "/site/app.js");
  REQUIRE(sorted.on_the_way.size() == 2);
  CHECK(sorted.on_the_way[0].use.target == place.root + "/site");
}

TEST_CASE("the guest's root is opened last, since paths below it are not told afterwards") {
  const Place place;
  const Learner learner(place.scope);
  CHECK(proposed(learner, {file("open-read", "/note"), file("open-read", "/site/app.js")}) ==
        Lines{"files " + place.root + "/site:/site:ro"});
}

TEST_CASE("a write to a folder that is open for reading opens it for writing, in the old line's place") {
  const Place place;
  Learner learner(place.scope);
  open(learner, file("open-read", "/site/app.js"));
  open(learner, file("open-write", "/site/out.js", policy::Reason::kReadOnly));
  CHECK(lines_of(learner.grants()) == Lines{"files " + place.root + "/site:/site:rw"});
}

TEST_CASE("a write below a folder that is open for reading opens only where it lies") {
  const Place place;
  Learner learner(place.scope);
  open(learner, file("open-read", "/site/app.js"));
  open(learner, file("open-write", "/site/out/x", policy::Reason::kReadOnly));
  CHECK(lines_of(learner.grants()) ==
        Lines{"files " + place.root + "/site:/site:ro", "files " + place.root + "/site/out:/site/out:rw"});
}

TEST_CASE("a rename from one folder to another opens the folder of both") {
  const Place place;
  Learner learner(place.scope);
  open(learner, file("open-write", "/site/tmp/x"));
  open(learner, file("rename", "/site/out/x"));
  open(learner, file("rename", "/site/out/x", policy::Reason::kCrossGrant));
  CHECK(lines_of(learner.grants()) == Lines{"files " + place.root + "/site:/site:rw"});
}

TEST_CASE("a folder that was given with a quota is opened as it was given") {
  Place place;
  place.give("files " + place.root + "/site:/site:rw:quota=1MiB:files=9");
  Learner learner(place.scope);
  const Sorted reads = learner.sort({file("open-read", "/site/data/a")});
  CHECK(lines_of(reads.proposals.at(0).lines) == Lines{"files " + place.root + "/site/data:/site/data:ro"});
  open(learner, file("open-read", "/site/data/a"));
  const Sorted writes = learner.sort({file("open-write", "/site/data/new")});
  CHECK(writes.proposals.at(0).standing == Standing::kGiven);
  open(learner, file("open-write", "/site/data/new"));
  CHECK(lines_of(learner.grants()) == Lines{"files " + place.root + "/site:/site:rw:quota=1MiB:files=9"});
}

TEST_CASE("a quota of the owner's or of an outer policy is taken over") {
  Place place;
  const std::string rule = "files " + place.root + "/site:rw:quota=";
  place.scope.owner.grants = {policy::parse_grant(rule + "2MiB", "host.toml", policy::Role::kOwner).value()};
  place.scope.within = {policy::parse_grant(rule + "1MiB", "outer.toml", policy::Role::kOwner).value()};
  const Learner learner(place.scope);
  const Sorted sorted = learner.sort({file("open-write", "/site/out/new")});
  CHECK(sorted.proposals.at(0).standing == Standing::kWithin);
  CHECK(lines_of(sorted.proposals.at(0).lines) ==
        Lines{"files " + place.root + "/site/out:/site/out:rw:quota=1MiB"});
}

TEST_CASE(
    "a volume is opened by the grant that was given, to read where that is enough, and by no host path") {
  Place place;
  place.scope.volumes = place.root + "/site";
  place.give("files @notes:/data:rw:quota=1MiB");
  std::get<policy::FilesGrant>(place.scope.given[0].extent).host_path = place.root + "/site/data";
  Learner learner(place.scope);
  const Sorted sorted = learner.sort({file("open-read", "/data/a")});
  CHECK(sorted.proposals.at(0).standing == Standing::kGiven);
  CHECK(lines_of(sorted.proposals.at(0).lines) == Lines{"files @notes:/data:ro"});
  open(learner, file("open-read", "/data/a"));
  open(learner, file("open-write", "/data/new"));
  CHECK(lines_of(learner.grants()) == Lines{"files @notes:/data:rw:quota=1MiB"});
  CHECK(proposed(learner, {file("open-read", place.root + "/site/app.js")}).empty());
}

TEST_CASE("what was answered no isn't asked again") {
  const Place place;
  Learner learner(place.scope);
  const Sorted sorted = learner.sort({file("open-read", "/site/app.js")});
  learner.refuse(sorted.proposals.at(0));
  const Sorted after = learner.sort({file("open-read", "/site/app.js")});
  CHECK(after.proposals.empty());
  CHECK(after.shut.empty());
}

TEST_CASE("what no line would open is told with its reason") {
  const Place place;
  const Learner learner(place.scope);
  const Sorted sorted = learner.sort({file("open-read", "/site/../../etc/passwd")});
  CHECK(sorted.proposals.empty());
  REQUIRE(sorted.shut.size() == 1);
  CHECK(sorted.shut[0].why.find("leads out of its grant") != std::string::npos);
}

TEST_CASE("doors of the network are opened exactly, one host in one round") {
  const Place place;
  Learner learner(place.scope);
  const auto get = [](std::string url) {
    return Knock{.capability = policy::Capability::kHttpOut,
                 .operation = "request",
                 .target = std::move(url),
                 .method = "GET",
                 .reason = policy::Reason::kNoGrant};
  };
  const Sorted sorted =
      learner.sort({get("https://example.com/a"), get("https://example.com/b"), get("https://example.org/")});
  REQUIRE(sorted.proposals.size() == 3);
  CHECK(Learner::one_line(sorted.proposals[0], sorted.proposals[1]));
  CHECK_FALSE(Learner::one_line(sorted.proposals[0], sorted.proposals[2]));
  CHECK(lines_of(sorted.proposals[0].lines) == Lines{"http.out GET https://example.com:443/a"});
}

}  // namespace berth::host
