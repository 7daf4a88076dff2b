// SPDX-License-Identifier: Apache-2.0
// What a program's modules may do: their policies, the owner's bounds, the program's own no, and what is
// heard of it. The module asks at its doors (tests/guests/rust/asker).

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include "base/testing.h"
#include "claims/testing.h"
#include "engine/hashes.h"
#include "shop.h"

namespace {

namespace fs = std::filesystem;
using berth::ErrorCode;
using berth::Question;
using berth::Verdict;
using Answer = std::expected<std::string, std::string>;
using Done = std::expected<void, std::string>;
using Names = std::expected<std::vector<std::string>, std::string>;

/// Without a guest there is nothing to test, which is a failure.
const char* guest_path() {
  const char* const path = std::getenv("BERTH_ASKER_GUEST");
  REQUIRE_MESSAGE(path != nullptr, "BERTH_ASKER_GUEST names the module: build/guests/asker.wasm");
  return path;
}

/// A folder with two files, and a module that may be let in.
struct Ground {
  Ground() {
    fs::create_directory(folder.at("data"));
    fs::create_directory(folder.at("data/deep"));
    write("data/prices", "1,2,3");
    write("data/secret.key", "hush");
  }
  std::string write(const std::string& name, std::string_view text) const {
    std::ofstream(folder.at(name)) << text;
    return folder.at(name);
  }
  std::string grant(const std::string& access = "rw") const {
    return "files " + folder.at("data") + ":/data:" + access;
  }
  /// Nobody else's bounds, unless the test says some.
  const std::shared_ptr<berth::Module>& module() {
    if (!loaded_) loaded_ = host().load(guest_path()).value();
    return loaded_;
  }
  berth::Host& host() {
    if (!host_) host_ = berth::Host::create({.owner_file = write("host.toml", owner)}).value();
    return *host_;
  }
  std::shared_ptr<berth::Instance> instance(const berth::InstanceOptions& options) {
    auto made = module()->instantiate(options);
    REQUIRE_MESSAGE(made, made.error().message);
    return *made;
  }

  berth::TestFolder folder;
  std::string owner;

 private:
  std::shared_ptr<berth::Host> host_;
  std::shared_ptr<berth::Module> loaded_;
};

/// A module with a token of an account's, which vouches for one grant.
std::string signed_module(const std::string& path, const char* grant) {
  using namespace berth::claims::testing;
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  berth::claims::Token token = module_token();
  token.expires = std::nullopt;
  token.vouched.limits = {};
  token.vouched.grants = {berth::claims::testing::grant(grant)};
  return berth::claims::sign_module(bytes, token, kAccount, berth::engine::content_hash).value();
}

template <class R, class... A>
berth::Result<R> call(berth::Instance& instance, std::string_view name, const A&... arguments) {
  const auto function = instance.function<R(A...)>(name);
  REQUIRE_MESSAGE(function, function.error().message);
  return (*function)(arguments...);
}

Answer read(berth::Instance& instance, const std::string& path) {
  return call<Answer>(instance, "read", path).value();
}

/// All that was heard, by lines.
class Heard {
 public:
  berth::Audit audit() {
    return [this](const Question& question, const Verdict& verdict) {
      const std::lock_guard guard(lock_);
      lines_.push_back(fmt::format("{} {} {} {}: {}", verdict.allowed ? "allowed" : "denied",
                                   question.capability, question.operation, question.target, verdict.rule));
      modules_.insert(std::string(question.module));
    };
  }
  bool holds(std::string_view begin, std::string_view part = "") const {
    const std::lock_guard guard(lock_);
    return std::ranges::any_of(lines_, [&](const std::string& line) {
      return line.starts_with(begin) && line.find(part) != std::string::npos;
    });
  }
  size_t count() const {
    const std::lock_guard guard(lock_);
    return lines_.size();
  }
  std::string text() const {
    const std::lock_guard guard(lock_);
    std::string text;
    for (const std::string& line : lines_) text += line + "\n";
    return text;
  }
  const std::set<std::string>& modules() const {
    return modules_;
  }

 private:
  mutable std::mutex lock_;
  std::vector<std::string> lines_;
  std::set<std::string> modules_;
};

TEST_CASE("a policy's file grants, as it does for berth run") {
  Ground ground;
  const std::string file =
      ground.write("policy.toml", "grants = [\"files data:/data:ro\", \"env COLOUR=red\"]\n");
  const auto instance = ground.instance({.policy_file = file});
  CHECK(read(*instance, "/data/prices") == "1,2,3");
  CHECK(call<Done>(*instance, "write", std::string("/data/new"), std::string("x")).value().error() != "");
  CHECK_FALSE(fs::exists(ground.folder.at("data/new")));
  CHECK(call<std::optional<std::string>>(*instance, "variable", std::string("COLOUR")).value() == "red");
  CHECK_FALSE(read(*ground.instance({}), "/data/prices").has_value());
}

TEST_CASE("a policy's limits hold where the program gives none") {
  Ground ground;
  const std::string file = ground.write("policy.toml", "[limits]\nmemory = \"1MiB\"\n");
  CHECK(ground.module()->instantiate({.policy_file = file}).error().code == ErrorCode::kLimit);
  CHECK(
      ground.module()->instantiate({.limits = {.memory_bytes = 32 << 20}, .policy_file = file}).has_value());
}

TEST_CASE("a policy that can't be held starts nothing") {
  Ground ground;
  const auto code = [&](const char* text) {
    const std::string file = ground.write("policy.toml", text);
    const auto made = ground.module()->instantiate({.policy_file = file});
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().message.find('\'') != std::string::npos);
    return made.error().code;
  };
  CHECK(code("grants = [\"files nowhere:/data\"]\n") == ErrorCode::kNotFound);
  CHECK(code("grants = [\"fils data\"]\n") == ErrorCode::kInvalidArgument);
  CHECK(code("[limits]\ncpu.fuel = 1000000\n") == ErrorCode::kUnsupported);
  CHECK(code("[limits]\ncpu.share = \"20%\"\n") == ErrorCode::kUnsupported);
  CHECK(code("[limits]\ninstances = 3\n") == ErrorCode::kUnsupported);
  CHECK(ground.module()->instantiate({.policy_file = "/nowhere/policy.toml"}).error().code ==
        ErrorCode::kNotFound);
}

TEST_CASE("fuel is counted where the host counts it") {
  Ground ground;
  const auto host =
      berth::Host::create({.owner_file = ground.write("host.toml", ""), .count_fuel = true}).value();
  const auto module =
      host->load(
              shop::bytes(shop::rule(1, "shop:price/rule@1.2.0", "(loop $again (br $again)) (i32.const 0)")),
              "loops")
          .value();
  const std::string file = ground.write("policy.toml", "[limits]\ncpu.fuel = 1000000\n");
  const auto instance = module->instantiate({.policy_file = file}).value();
  CHECK(call<uint32_t>(*instance, "total", uint32_t{0}).error().code == ErrorCode::kLimit);
}

TEST_CASE("the owner's bounds hold for whatever a program asks for") {
  Ground ground;
  ground.owner =
      fmt::format("grants = [\"files {}:*:ro\"]\n[limits]\nmemory = \"64MiB\"\n", ground.folder.at("data"));
  Heard heard;
  const auto instance =
      ground.instance({.grants = {ground.grant("rw"), "env COLOUR=red"}, .audit = heard.audit()});
  CHECK(read(*instance, "/data/prices") == "1,2,3");
  CHECK_FALSE(call<Done>(*instance, "write", std::string("/data/new"), std::string("x")).value().has_value());
  CHECK_FALSE(
      call<std::optional<std::string>>(*instance, "variable", std::string("COLOUR")).value().has_value());
  CHECK(heard.holds("denied env grant env COLOUR=red"));
  CHECK(heard.holds("denied files grant files"));
}

TEST_CASE("an owner's limits can't be raised") {
  Ground ground;
  ground.owner = "[limits]\nmemory = \"1MiB\"\n";
  CHECK(ground.module()->instantiate({.limits = {.memory_bytes = 64 << 20}}).error().code ==
        ErrorCode::kLimit);
}

TEST_CASE("an owner who requires the second wall lets no program have modules inside") {
  Ground ground;
  ground.owner = "second-wall = \"require\"\n";
  const auto made = ground.module()->instantiate();
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().code == ErrorCode::kDenied);
}

TEST_CASE("an owner's file that isn't there, or can't be read, makes no host") {
  Ground ground;
  CHECK(berth::Host::create({.owner_file = "/nowhere/host.toml"}).error().code == ErrorCode::kNotFound);
  CHECK_FALSE(berth::Host::create({.owner_file = ground.write("host.toml", "grants = 3")}).has_value());
}

TEST_CASE("a quota of a grant holds") {
  Ground ground;
  const auto instance = ground.instance({.grants = {ground.grant("rw") + ":quota=64KiB"}});
  CHECK(
      call<Done>(*instance, "write", std::string("/data/small"), std::string(1000, 'x')).value().has_value());
  CHECK_FALSE(call<Done>(*instance, "write", std::string("/data/large"), std::string(100'000, 'x'))
                  .value()
                  .has_value());
  CHECK(fs::file_size(ground.folder.at("data/large")) < 64 << 10);
}

TEST_CASE("every use of a door is heard, with its rule") {
  Ground ground;
  Heard heard;
  const auto instance =
      ground.instance({.grants = {ground.grant(), "env COLOUR=red", "stdio out"}, .audit = heard.audit()});
  CHECK(heard.holds("allowed env read COLOUR", "env COLOUR=red"));
  CHECK(heard.holds("allowed stdio use out", "stdio out"));
  CHECK_FALSE(heard.holds("allowed stdio use in"));
  CHECK(read(*instance, "/data/prices").has_value());
  CHECK(heard.holds("allowed files open-read /data/prices", "InstanceOptions"));
  CHECK(call<Done>(*instance, "write", std::string("/data/deep/new"), std::string("x")).value().has_value());
  CHECK(heard.holds("allowed files open-write /data/deep/new"));
  CHECK(call<Done>(*instance, "remove", std::string("/data/deep/new")).value().has_value());
  CHECK(heard.holds("allowed files remove /data/deep/new"));
  CHECK(call<Names>(*instance, "names", std::string("/data")).value() ==
        std::vector<std::string>{"deep", "prices", "secret.key"});
  CHECK(heard.holds("allowed files open-read /data:"));
  CHECK_FALSE(read(*instance, "/etc/passwd").has_value());
  CHECK(heard.holds("denied files open-read /etc/passwd", "no grant covers it"));
  CHECK_FALSE(call<std::expected<uint32_t, std::string>>(*instance, "look-up", std::string("example.com"))
                  .value()
                  .has_value());
  CHECK(heard.holds("denied dns resolve example.com"));
  CHECK(heard.modules() == std::set<std::string>{"asker.wasm"});
}

TEST_CASE("a program may say no where the policy says yes") {
  Ground ground;
  Heard heard;
  const auto decide = [](const Question& question) -> berth::Result<void> {
    if (question.target.ends_with(".key")) return berth::fail(ErrorCode::kDenied, "keys stay here");
    return {};
  };
  const auto instance =
      ground.instance({.grants = {ground.grant()}, .decide = decide, .audit = heard.audit()});
  CHECK(read(*instance, "/data/prices") == "1,2,3");
  CHECK(read(*instance, "/data/secret.key").error() == "PermissionDenied");
  CHECK(read(*instance, "/data/deep/../secret.key").error() == "PermissionDenied");
  CHECK(call<Done>(*instance, "write", std::string("/data/new.key"), std::string("x")).value().error() ==
        "PermissionDenied");
  CHECK(call<Done>(*instance, "remove", std::string("/data/secret.key")).value().error() ==
        "PermissionDenied");
  CHECK(fs::exists(ground.folder.at("data/secret.key")));
  CHECK_FALSE(fs::exists(ground.folder.at("data/new.key")));
  CHECK(heard.holds("denied files open-read /data/secret.key", "the program denies it: keys stay here"));
}

TEST_CASE("a program's no holds for what is opened at the start too") {
  Ground ground;
  const auto decide = [](const Question& question) -> berth::Result<void> {
    const bool no = question.target == "COLOUR" || question.capability == "stdio";
    return no ? berth::Result<void>(berth::fail(ErrorCode::kDenied, "no")) : berth::Result<void>();
  };
  const auto instance =
      ground.instance({.grants = {"env COLOUR=red", "env SIZE=9", "stdio out"}, .decide = decide});
  const auto variable = [&](const std::string& name) {
    return call<std::optional<std::string>>(*instance, "variable", name).value();
  };
  CHECK_FALSE(variable("COLOUR").has_value());
  CHECK(variable("SIZE") == "9");
}

TEST_CASE("a program's no holds for a folder's names") {
  Ground ground;
  const auto decide = [](const Question& question) -> berth::Result<void> {
    if (question.target == "/data/deep") return berth::fail(ErrorCode::kDenied, "no");
    return {};
  };
  const auto instance = ground.instance({.grants = {ground.grant()}, .decide = decide});
  CHECK(call<Names>(*instance, "names", std::string("/data")).value().has_value());
  CHECK_FALSE(call<Names>(*instance, "names", std::string("/data/deep")).value().has_value());
}

TEST_CASE("what the policy denies a program can't allow, and isn't asked about") {
  Ground ground;
  std::atomic<int> asked = 0;
  const auto decide = [&](const Question& question) -> berth::Result<void> {
    if (!question.target.starts_with("/data")) ++asked;
    return {};
  };
  const auto instance = ground.instance({.grants = {ground.grant("ro")}, .decide = decide});
  CHECK_FALSE(read(*instance, "/etc/passwd").has_value());
  CHECK_FALSE(read(*instance, "/data/../../../../etc/passwd").has_value());
  CHECK_FALSE(call<Done>(*instance, "write", std::string("/data/new"), std::string("x")).value().has_value());
  CHECK_FALSE(call<std::expected<uint32_t, std::string>>(*instance, "look-up", std::string("localhost"))
                  .value()
                  .has_value());
  CHECK(asked == 0);
}

TEST_CASE("a name that is granted is asked about before it is looked up") {
  Ground ground;
  Heard heard;
  std::atomic<bool> open = true;
  const auto decide = [&](const Question& question) -> berth::Result<void> {
    if (open || question.capability != "dns") return {};
    return berth::fail(ErrorCode::kDenied, "not today");
  };
  const auto instance =
      ground.instance({.grants = {"dns localhost"}, .decide = decide, .audit = heard.audit()});
  const auto look_up = [&] {
    return call<std::expected<uint32_t, std::string>>(*instance, "look-up", std::string("localhost")).value();
  };
  CHECK(look_up().has_value());
  CHECK(heard.holds("allowed dns resolve localhost"));
  open = false;
  CHECK_FALSE(look_up().has_value());
  CHECK(heard.holds("denied dns resolve localhost", "not today"));
}

TEST_CASE("a program that throws denies, and what hears throws in vain") {
  Ground ground;
  const auto throws = [](const Question& question) -> berth::Result<void> {
    if (question.operation == "open-read") throw std::runtime_error("the program's own mistake");
    if (question.operation == "remove") throw 7;
    return {};
  };
  std::atomic<int> told = 0;
  const auto audit = [&](const Question&, const Verdict&) {
    ++told;
    throw std::runtime_error("a full disk");
  };
  const auto instance = ground.instance({.grants = {ground.grant()}, .decide = throws, .audit = audit});
  CHECK_FALSE(read(*instance, "/data/prices").has_value());
  CHECK_FALSE(call<Done>(*instance, "remove", std::string("/data/prices")).value().has_value());
  CHECK(fs::exists(ground.folder.at("data/prices")));
  CHECK(call<Done>(*instance, "write", std::string("/data/new"), std::string("x")).value().has_value());
  CHECK(told >= 3);
}

TEST_CASE("an error that a module ends with names what was denied") {
  Ground ground;
  const auto message = [&](const berth::InstanceOptions& options) {
    const auto instance = ground.instance(options);
    CHECK_FALSE(read(*instance, "/etc/hostname").has_value());  // of an earlier call: not named
    const auto failed = call<std::string>(*instance, "must-read", std::string("/data/prices"));
    REQUIRE_FALSE(failed.has_value());
    CHECK(failed.error().code == ErrorCode::kTrap);
    CHECK(failed.error().message.find("/etc/hostname") == std::string::npos);
    return failed.error().message;
  };
  CHECK(message({}).find("denied: files open-read /data/prices: no grant covers it") != std::string::npos);
  const auto decide = [](const Question&) -> berth::Result<void> {
    return berth::fail(ErrorCode::kDenied, "not\nwhile \x1b[1mclosed");
  };
  const std::string told = message({.grants = {ground.grant()}, .decide = decide});
  CHECK(told.find("the program denies it: not") != std::string::npos);
  CHECK(told.find('\x1b') == std::string::npos);
}

TEST_CASE("each instance has its own policy") {
  Ground ground;
  const auto closed = ground.instance({});
  const auto open = ground.instance({.grants = {ground.grant("ro")}});
  CHECK_FALSE(read(*closed, "/data/prices").has_value());
  CHECK(read(*open, "/data/prices") == "1,2,3");
}

TEST_CASE("questions from many threads are answered for whoever asked") {
  Ground ground;
  std::atomic<int> wrong = 0;
  std::array<std::jthread, 4> threads;
  ground.module();
  for (size_t i = 0; i < threads.size(); ++i) {
    threads.at(i) = std::jthread([&, i] {
      const bool open = i % 2 == 0;
      const auto decide = [open](const Question&) -> berth::Result<void> {
        return open ? berth::Result<void>() : berth::fail(ErrorCode::kDenied, "no");
      };
      for (int round = 0; round < 20; ++round) {
        const auto made = ground.module()->instantiate({.grants = {ground.grant("ro")}, .decide = decide});
        const auto function = (*made)->function<Answer(std::string)>("read").value();
        if (function("/data/prices").value().has_value() != open) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("a module's token binds, whatever its program grants; compiled or not") {
  Ground ground;
  const std::string bytes = signed_module(guest_path(), "files *:/data:ro");
  const auto all = std::as_bytes(std::span(bytes));
  const auto compiled = ground.host().compile(all).value();
  for (const auto& module :
       {ground.host().load(all, "m").value(), ground.host().load_compiled(compiled, "m").value()}) {
    Heard heard;
    const auto instance =
        module->instantiate({.grants = {ground.grant("rw")}, .audit = heard.audit()}).value();
    CHECK(read(*instance, "/data/prices") == "1,2,3");
    CHECK_FALSE(
        call<Done>(*instance, "write", std::string("/data/new"), std::string("x")).value().has_value());
    CHECK(heard.holds("denied files grant", "the claims of account A"));
    CHECK_MESSAGE(heard.holds("denied files open-write /data/new", "the claims of account A"), heard.text());
  }
}

TEST_CASE("a module whose token isn't valid isn't loaded, nor one without where the owner requires one") {
  Ground ground;
  std::string bytes = signed_module(guest_path(), "stdio out");
  CHECK(ground.host().load(std::as_bytes(std::span(bytes)), "m").has_value());
  bytes[100] = static_cast<char>(bytes[100] ^ 1);
  const auto refused = ground.host().load(std::as_bytes(std::span(bytes)), "m");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::kDenied);
  CHECK(refused.error().message.find("tampered: ") != std::string::npos);
  Ground strict;
  strict.write("trust.toml", "require-signed = true\n");
  const auto unsigned_one = strict.host().load(guest_path());
  REQUIRE_FALSE(unsigned_one.has_value());
  CHECK(unsigned_one.error().message.find("unsigned: ") != std::string::npos);
}
