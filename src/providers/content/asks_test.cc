// SPDX-License-Identifier: Apache-2.0
#include "providers/content/asks.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "base/os/locked_file.h"
#include "policy/decide.h"
#include "providers/content/directory_layout.h"
#include "providers/content/testing.h"

using namespace berth;
using namespace berth::content;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

using Verb = engine::ContentAsk::Verb;
using Why = engine::ContentFault::Why;

/// As the policy says.
class Keeper final : public engine::DoorKeeper {
 public:
  explicit Keeper(const policy::Policy& policy) : policy_(policy) {}

  bool ask(const engine::Knock& knock) noexcept override {
    const policy::Knock asked{.capability = policy::Capability::kContent,
                              .operation = std::string(knock.operation),
                              .target = std::string(knock.target)};
    return policy::decide(policy_, asked).decision == policy::Decision::kAllow;
  }

 private:
  const policy::Policy& policy_;
};

/// A user's store, and no network.
struct Machine {
  Machine() {
    std::string name = fs::temp_directory_path() / "berth-asks-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder = name;
    for (const char* const variable : {"BERTH_CONFIG", "BERTH_STATE", "BERTH_CACHE", "BERTH_DATA"})
      ::setenv(variable, (folder / variable).c_str(), 1);
    fs::create_directories(folder / "BERTH_CONFIG");
    std::ofstream(folder / "BERTH_CONFIG/content.toml") << "gateways = []\nrouting = []\n";
    service = Service::open().value();
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine() {
    service = nullptr;
    fs::remove_all(folder);
  }

  std::string file(const std::string& bytes) {
    return add_file(testing::reading(bytes), {}, {}, service->store())->cid.text();
  }
  std::string directory(std::vector<PbLink> entries) {
    return add_directory(std::move(entries), {}, {}, service->store())->cid.text();
  }

  fs::path folder;
  std::shared_ptr<Service> service;
};

struct Guest {
  Guest(Machine& of, std::initializer_list<std::string> grants) : machine(of), policy(policy_of(grants)) {}

  static policy::Policy policy_of(std::initializer_list<std::string> grants) {
    policy::Policy all;
    for (const std::string& grant : grants) all.grants.push_back(policy::parse_grant(grant, "test").value());
    return all;
  }
  std::shared_ptr<engine::ContentJob> begin(const engine::ContentAsk& ask) {
    return asks.begin(ask, std::make_unique<engine::Waiter>());
  }
  /// What was found; or why not.
  std::expected<engine::ContentFound, Why> found(engine::ContentJob& job) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < until) {
      const auto found = job.found();
      if (!found) return std::unexpected(found.error().why);
      if (*found != nullptr) return **found;
      std::this_thread::yield();
    }
    FAIL("nothing was found");
    return std::unexpected(Why::kUnavailable);
  }
  std::expected<engine::ContentFound, Why> done(const engine::ContentAsk& ask) {
    const auto job = begin(ask);
    auto all = found(*job);
    job->end();
    return all;
  }
  std::string added(const std::string& bytes) {
    const auto job = begin({.verb = Verb::kAdd, .target = {}, .more = {}});
    job->write(bytes);
    job->finish();
    const auto made = found(*job);
    return made ? made->cid : "";
  }

  Machine& machine;
  policy::Policy policy;
  Keeper keeper{policy};
  Asks asks{machine.service, {.module = "m", .policy = &policy, .keeper = &keeper}};
};

std::string entry(const std::string& name, const std::string& cid) {
  return name + '\0' + cid + '\0';
}

}  // namespace

TEST_CASE("what a module puts in a folder of its own keeps its bound") {
  Machine machine;
  const std::string big = machine.file(std::string(5000, 'b'));
  Guest guest(machine, {"content fetch ipfs://" + big + " max=1KiB", "content publish"});
  CHECK(guest.done({.verb = Verb::kOpen, .target = big, .more = {}}).error() == Why::kTooLarge);
  const std::string words = entry("x", big);
  const auto made = guest.done({.verb = Verb::kFolder, .target = {}, .more = words});
  REQUIRE(made.has_value());
  const std::string path = made->cid + "/x";
  CHECK(guest.done({.verb = Verb::kOpen, .target = path, .more = {}}).error() == Why::kTooLarge);
  CHECK_FALSE(guest.done({.verb = Verb::kPin, .target = made->cid, .more = {}}).has_value());
}

TEST_CASE("what a module pins stays when the cache goes") {
  Machine machine;
  Store& store = machine.service->store();
  const Cid cid = Cid::v1(Codec::kRaw, hash_of(HashCode::kSha2_256, "fetched").value());
  CHECK(store.cache(cid, "fetched").has_value());
  Guest guest(machine, {"content fetch ipfs://*", "content publish"});
  CHECK(guest.done({.verb = Verb::kPin, .target = cid.text(), .more = {}}).has_value());
  fs::remove_all(store.folders().cached);
  CHECK(store.get(cid).value() == "fetched");
}

TEST_CASE("small files cost what they take on a disk") {
  Machine machine;
  Guest guest(machine, {"content publish max=16KiB"});
  for (const char* text : {"a", "b", "c", "d"}) CHECK_FALSE(guest.added(text).empty());
  CHECK(guest.added("e").empty());
}

TEST_CASE("a file whose writing failed is none") {
  Machine machine;
  Guest guest(machine, {"content publish max=16KiB"});
  const auto job = guest.begin({.verb = Verb::kAdd, .target = {}, .more = {}});
  CHECK_FALSE(job->write("begun").has_value());
  CHECK(job->write(std::string(20'000, 'x')).has_value());
  job->finish();
  CHECK(guest.found(*job).error() == Why::kTooLarge);
}

TEST_CASE("a handle of granted content doesn't lead above itself") {
  Machine machine;
  const Cid big = Cid::parse(machine.file("big")).value();
  const std::string docs = machine.directory({{.cid = big, .name = "page"}});
  const std::string site =
      machine.directory({{.cid = big, .name = "big"}, {.cid = Cid::parse(docs).value(), .name = "docs"}});
  Guest guest(machine, {"files ipfs://" + site + ":/site"});
  const auto stat = [&](const std::string& from, const std::string& way) {
    const std::string more = from + '\0' + way;
    return guest.done({.verb = Verb::kStat, .target = "ipfs://" + site, .more = more, .folder = true});
  };
  CHECK(stat("", "docs/../big").has_value());
  CHECK(stat(docs, "page").has_value());
  CHECK_FALSE(stat(docs, "../big").has_value());
}

TEST_CASE("a CID that is granted is asked for in every base") {
  Machine machine;
  const Cid made = Cid::parse(machine.directory({})).value();
  std::string loud = made.text();
  std::ranges::transform(loud, loud.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::vector<std::string> texts{Cid::v0(made.hash).text(), loud};
  for (const Base base : {Base::kBase16, Base::kBase32, Base::kBase36, Base::kBase58Btc, Base::kBase64Url})
    texts.push_back(made.text(base));
  Guest guest(machine, {"content fetch ipfs://" + made.text()});
  for (const std::string& asked : texts) {
    CAPTURE(asked);
    CHECK(guest.done({.verb = Verb::kStat, .target = asked, .more = {}}).has_value());
  }
}

TEST_CASE("entries that are left out end no listing") {
  Machine machine;
  const Cid empty = Cid::parse(machine.file("")).value();
  std::vector<PbLink> entries;
  for (int at = 0; at < 300; ++at)
    entries.push_back({.cid = empty, .name = std::string("\0", 1) + std::to_string(at)});
  entries.push_back({.cid = empty, .name = "seen"});
  const std::string folder = machine.directory(entries);
  Guest guest(machine, {"content fetch ipfs://" + folder});
  const auto job = guest.begin({.verb = Verb::kList, .target = folder, .more = {}});
  REQUIRE(guest.found(*job).has_value());
  std::string_view piece;
  auto taken = job->take(piece);
  while (taken && *taken == engine::ContentJob::Taken::kLater) taken = job->take(piece);
  REQUIRE(taken.has_value());
  CHECK(*taken == engine::ContentJob::Taken::kPiece);
  CHECK(piece.contains("seen"));
  job->end();
}

TEST_CASE("asks that nobody waits for any more wait no more") {
  Machine machine;
  const std::string file = machine.file("bytes");
  Guest guest(machine, {"content fetch ipfs://" + file, "content publish"});
  const engine::ContentAsk stat{.verb = Verb::kStat, .target = file, .more = {}};
  std::vector<std::shared_ptr<engine::ContentJob>> held;
  {
    // All turns wait for a process that removes.
    const auto lock =
        LockedFile::make(machine.service->store().folders().kept + "/lock", LockedFile::Wait::kYes);
    REQUIRE(lock.has_value());
    for (int at = 0; at < 4; ++at)
      held.push_back(guest.begin({.verb = Verb::kFolder, .target = {}, .more = {}}));
    for (int at = 0; at < 2000; ++at) {
      const auto job = guest.begin(stat);
      const bool taken = job->found().has_value();
      REQUIRE(taken);
      job->end();
    }
  }
  CHECK(guest.done(stat).has_value());
  for (const auto& job : held) job->end();
}
