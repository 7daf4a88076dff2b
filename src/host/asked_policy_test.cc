// SPDX-License-Identifier: Apache-2.0
#include "host/asked_policy.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "base/testing.h"
#include "host/berthing.h"

namespace berth::host {
namespace {

/// Files that are read as texts.
ReadText texts(std::string policy, std::string owner) {
  return [=](const std::string& path) -> Result<std::string> {
    if (path.ends_with("host.toml")) return owner;
    return path == "p.toml" ? Result<std::string>(policy) : fail(ErrorCode::kNotFound, path);
  };
}

const UserFolders kFolders{.config = "/c", .state = "/s", .cache = "/k"};

/// The grants and limits that remain.
std::string remains(const AskedPolicy& asked, const std::string& policy, const std::string& owner) {
  return policy::to_toml(effective_policy(asked, {}, kFolders, texts(policy, owner)).value().policy);
}

AskedPolicy with_file() {
  return {.policy_file = "p.toml", .streams = false};
}

TEST_CASE("a module has the standard streams where they are asked for, and a limit of memory always") {
  const auto run = effective_policy({}, {}, kFolders, texts("", "")).value().policy;
  CHECK(run.grants.size() == 1);
  CHECK(run.limits.memory_bytes == kDefaultMemoryBytes);
  CHECK(effective_policy({.streams = false}, {}, kFolders, texts("", "")).value().policy.grants.empty());
}

TEST_CASE("what is asked for directly counts instead of a file's limits, and beside its grants") {
  AskedPolicy asked = with_file();
  asked.grants = {"env A=1"};
  asked.values.memory_bytes = 2 << 20;
  asked.cpu_time = "1s";
  const std::string text = remains(
      asked, "grants = [\"env B=2\"]\n[limits]\nmemory = \"64MiB\"\ncpu.time = \"9s\"\nwall = \"3s\"\n", "");
  CHECK(text.find("env A=1") != std::string::npos);
  CHECK(text.find("env B=2") != std::string::npos);
  CHECK(text.find("2MiB") != std::string::npos);
  CHECK(text.find("\"1s\"") != std::string::npos);
  CHECK(text.find("\"3s\"") != std::string::npos);
}

TEST_CASE("the owner's bounds hold for both") {
  AskedPolicy asked = with_file();
  asked.grants = {"env A=1", "dns example.com"};
  asked.values.memory_bytes = 64 << 20;
  const auto effective = effective_policy(asked, {}, kFolders,
                                          texts("grants = [\"env B=2\"]\n",
                                                "grants = [\"dns *\"]\n[limits]\nmemory = \"8MiB\"\n"))
                             .value();
  REQUIRE(effective.policy.grants.size() == 1);
  CHECK(policy::to_text(effective.policy.grants.front()) == "dns example.com");
  CHECK(effective.policy.limits.memory_bytes == uint64_t{8} << 20);
  CHECK(effective.cuts.size() == 2);
}

TEST_CASE("a file that isn't there is an error, but for the owner's") {
  CHECK(effective_policy({.policy_file = "none.toml"}, {}, kFolders, texts("", "")).error().code ==
        ErrorCode::kNotFound);
  const auto nothing = [](const std::string& path) -> Result<std::string> {
    return fail(ErrorCode::kNotFound, path);
  };
  CHECK(effective_policy({}, {}, kFolders, nothing).has_value());
  CHECK(bounds_of("/c/host.toml", nothing).error().code == ErrorCode::kNotFound);
}

}  // namespace
}  // namespace berth::host
