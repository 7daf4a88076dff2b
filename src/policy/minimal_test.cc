// SPDX-License-Identifier: Apache-2.0
#include "policy/minimal.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "policy/random_grant.h"

using namespace berth;
using namespace berth::policy;
using enum berth::policy::Capability;

namespace {

/// What a program used, and the lines that opened it.
struct Learned {
  std::vector<Grant> grants;
  std::vector<Knock> uses;

  void use(const Knock& knock) {
    for (Grant& grant : exact_grants(knock)) grants.push_back(std::move(grant));
    uses.push_back(knock);
  }
  void get(std::string url, std::string method = "GET") {
    use({.capability = kHttpOut,
         .operation = "request",
         .target = std::move(url),
         .method = std::move(method)});
  }
  void file(std::string operation, std::string path, std::string_view grant) {
    grants.push_back(parse_grant(grant, "test").value());
    uses.push_back({.capability = kFiles, .operation = std::move(operation), .target = std::move(path)});
  }
  std::vector<std::string> lines(size_t most_paths = kMostExactPaths) const {
    std::vector<std::string> texts;
    for (const Grant& grant : minimal(grants, uses, most_paths)) texts.push_back(to_text(grant));
    return texts;
  }
};

using Lines = std::vector<std::string>;

std::string file_path(RandomGrants& random) {
  std::string path;
  for (uint64_t left = 1 + random.below(4); left > 0; --left) path += random.pick({"/a", "/b", "/c"});
  return path;
}

Learned random_program(RandomGrants& random) {
  Learned learned;
  for (uint64_t left = 1 + random.below(12); left > 0; --left) {
    const std::string host =
        random.pick({"example.com", "a.example.com", "localhost", "127.0.0.1", "9.9.9.9"});
    switch (random.below(4)) {
      case 0: {
        const std::string path = file_path(random);
        const std::string folder = folder_above(path);
        const bool writes = random.coin();
        // One place of the guest's is always the same place of this machine.
        learned.file(writes ? "open-write" : "open-read", path,
                     "files /h" + (folder == "/" ? "" : folder) + ":" + folder + (writes ? ":rw" : ":ro"));
        break;
      }
      case 1:
        learned.get("https://" + host + random.pick({"/", "/v1/a", "/v1/b", "/v1/a/c", "/v2/../x"}),
                    random.pick({"GET", "POST", "odd"}));
        break;
      case 2:
        learned.use({.capability = kSocketOut,
                     .operation = "connect",
                     .target = std::string(random.pick({"tcp://", "udp://"})) + "9.9.9.9" +
                               random.pick({":53", ":80"}),
                     .resolved_from = random.pick({"", "example.com"})});
        break;
      default:
        learned.use({.capability = kDns, .operation = "resolve", .target = host});
    }
  }
  return learned;
}

}  // namespace

TEST_CASE("a folder that is read keeps its quota when it is written to") {
  Learned learned;
  learned.file("open-read", "/data/a", "files /h:/data:ro");
  learned.file("open-write", "/data/c", "files /h:/data:rw:quota=1MiB");
  CHECK(learned.lines() == Lines{"files /h:/data:rw:quota=1MiB"});
}

TEST_CASE("several files of one folder need one line, and one that is written makes it read-write") {
  Learned learned;
  learned.file("open-read", "/data/a", "files /h:/data:ro");
  learned.file("open-read", "/data/b", "files /h:/data:ro");
  CHECK(learned.lines() == Lines{"files /h:/data:ro"});
  learned.file("open-write", "/data/c", "files /h:/data:rw");
  CHECK(learned.lines() == Lines{"files /h:/data:rw"});
}

TEST_CASE("a folder inside an open one needs a line only where it is written to") {
  Learned learned;
  learned.file("open-read", "/data/sub/a", "files /h/sub:/data/sub:ro");
  learned.file("open-read", "/data/b", "files /h:/data:ro");
  CHECK(learned.lines() == Lines{"files /h:/data:ro"});
  learned.file("open-write", "/data/out/c", "files /h/out:/data/out:rw");
  CHECK(learned.lines() == Lines{"files /h:/data:ro", "files /h/out:/data/out:rw"});
}

TEST_CASE("methods of one path are one line, those of different paths are not mixed") {
  Learned learned;
  learned.get("https://example.com/a");
  learned.get("https://example.com/a", "POST");
  learned.get("https://example.com/b");
  CHECK(learned.lines() ==
        Lines{"http.out GET,POST https://example.com:443/a", "http.out GET https://example.com:443/b"});
}

TEST_CASE("many paths of an origin become their common folder, unless nothing may be widened") {
  Learned learned;
  for (size_t i = 0; i <= kMostExactPaths; ++i)
    learned.get("https://example.com/v1/items/" + std::to_string(i));
  CHECK(learned.lines() == Lines{"http.out GET https://example.com:443/v1/items/*"});
  CHECK(learned.lines(kNeverWiden).size() == kMostExactPaths + 1);
  CHECK(widening_of(minimal(learned.grants, learned.uses).front()) ==
        "opens every path that begins with /v1/items/");
}

TEST_CASE("a connection by name opens the look-up of that name") {
  Learned learned;
  learned.use({.capability = kDns, .operation = "resolve", .target = "example.com"});
  CHECK(learned.lines() == Lines{"dns example.com"});
  learned.use({.capability = kSocketOut,
               .operation = "connect",
               .target = "tcp://93.184.216.34:443",
               .resolved_from = "example.com"});
  CHECK(learned.lines() == Lines{"socket.out tcp://example.com:443"});
}

TEST_CASE("every use is allowed by the lines, without any one of them some use isn't, and none is wider") {
  RandomGrants random(41);
  for (int i = 0; i < 3'000; ++i) {
    const Learned learned = random_program(random);
    const std::vector<Grant> lines = minimal(learned.grants, learned.uses, kNeverWiden);
    for (const Knock& use : learned.uses) {
      CAPTURE(use_text(use));
      CHECK((allows(lines, use) || (use.capability != kFiles && exact_grants(use).empty())));
    }
    for (size_t out = 0; out < lines.size(); ++out) {
      std::vector<Grant> rest = lines;
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(out));
      CAPTURE(to_text(lines[out]));
      CHECK(std::ranges::any_of(learned.uses,
                                [&](const Knock& use) { return allows(lines, use) && !allows(rest, use); }));
    }
    const Bounds opened{.grants = learned.grants, .limits = {}, .source = {}};
    CHECK(intersect({.grants = lines, .limits = {}}, opened).cuts.empty());
  }
}

TEST_CASE("a rename between two folders needs the nearest folder of both") {
  const auto both = [](std::string_view one, std::string_view other) {
    const auto grant = folder_of_both(parse_grant(one, "").value(), parse_grant(other, "").value());
    return grant ? to_text(*grant) : "";
  };
  CHECK(both("files /h/tmp:/job/tmp:rw", "files /h/out:/job/out:rw") == "files /h:/job:rw");
  CHECK(both("files /h/a/b:/job/a/b:ro", "files /h/a:/job/a:rw") == "files /h/a:/job/a:rw");
  CHECK(both("files /h/tmp:/job/tmp:rw", "files /other/out:/job/out:rw") == "");
  CHECK(both("files /h/tmp:/tmp:rw", "files /h/out:/out:rw") == "");
  CHECK(both("files /h/tmp:/job/tmp:rw:quota=1MiB", "files /h/out:/job/out:rw") == "");
  CHECK(both("files @tmp:/job/tmp:rw", "files @out:/job/out:rw") == "");
}

TEST_CASE("a learned file reads back, and says what asked for each line and what is wider") {
  Learned learned;
  learned.file("open-read", "/data/in.txt", "files /h/data:/data:ro");
  learned.get("https://example.com/a?token=secret");
  Policy policy{.grants = minimal(learned.grants, learned.uses), .limits = {}};
  policy.limits.memory_bytes = 64 << 20;
  const std::string text = learned_toml(policy, learned.uses,
                                        {.head = {"learned\nby \x1b[31m"},
                                         .given = {parse_grant("env LANG=\"C\"", "").value()},
                                         .limits = {"used 3 MiB"}});
  CHECK(text == R"(# learned\x0aby \x1b[31m
grants = [
  # as it was given: which variables a guest reads can't be seen
  "env LANG=\"C\"",
  # asked for by: open-read /data/in.txt
  # opens the whole folder and all below it
  "files /h/data:/data:ro",
  # asked for by: GET https://example.com/a
  "http.out GET https://example.com:443/a",
]

# used 3 MiB
[limits]
memory = "64MiB"
)");
  const auto read = parse_policy(text, "learned.toml");
  REQUIRE(read);
  CHECK(read->grants.size() == 3);
  CHECK(read->limits == policy.limits);
}
