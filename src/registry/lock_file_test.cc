// SPDX-License-Identifier: Apache-2.0
#include "registry/lock_file.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/testing.h"

namespace berth::registry {

TEST_CASE("what is written is read back") {
  const LockFile lock{{"oci://h/a:1", {.manifest = sha256("m"), .module = sha256("a")}},
                      {"https://h/b.wasm?x=1", {.manifest = {}, .module = sha256("b")}}};
  CHECK(parse_lock(write_lock(lock), "berth.lock") == lock);
}

TEST_CASE("what is wrong with it is said with its place") {
  const std::string digest = sha256("").text();
  for (const std::string& text : std::vector<std::string>{
           "", "version = 2", "version = 1\nmodules = 1", std::string("version = 1\nmodule = 1"),
           std::string("version = 1\n[[module]]\nname = 1"),
           std::string("version = 1\n[[module]]\nname = \"oci://h\""),
           std::string("version = 1\n[[module]]\nname = \"oci://h/a\"\nmodule = \"sha256:1\""),
           "version = 1\n[[module]]\nname = \"oci://h/a\"\nmodule = \"" + digest + "\"\nother = 1",
           "version = 1\n[[module]]\nname = \"oci://h/a\"\nmodule = \"" + digest +
               "\"\n[[module]]\nname = \"oci://h/a:latest\"\nmodule = \"" + digest + "\""}) {
    const auto lock = parse_lock(text, "berth.lock");
    REQUIRE_FALSE_MESSAGE(lock.has_value(), text);
    CHECK_MESSAGE(lock.error().message.starts_with("berth.lock:"), lock.error().message);
  }
}

TEST_CASE("names are added to those that are there") {
  const TestFolder folder;
  const std::string path = folder.at("berth.lock");
  CHECK(read_lock(path).error().message.find("--lock") != std::string::npos);
  REQUIRE(add_to_lock(path, {{"oci://h/a:1", {.manifest = {}, .module = sha256("a")}}}));
  REQUIRE(add_to_lock(path, {{"oci://h/a:1", {.manifest = {}, .module = sha256("c")}},
                             {"oci://h/b:1", {.manifest = {}, .module = sha256("b")}}}));
  const auto lock = read_lock(path);
  REQUIRE(lock);
  CHECK(lock->size() == 2);
  CHECK(lock->at("oci://h/a:1").module == sha256("c"));
}

}  // namespace berth::registry
