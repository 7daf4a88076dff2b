// SPDX-License-Identifier: Apache-2.0
#include "registry/registries_file.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>

#include "base/testing.h"

namespace berth::registry {
namespace {

std::string mistake(std::string_view text) {
  const auto read = parse_registries(text, "registries.toml");
  return read ? "" : read.error().message;
}

}  // namespace

TEST_CASE("registries to search are named in a file, which needn't be there") {
  const TestFolder folder;
  ::setenv("BERTH_CONFIG", folder.at("").c_str(), 1);
  CHECK(read_registries().value().search.empty());
  std::ofstream(folder.at("registries.toml"))
      << "store = \"3MiB\"\nsearch = [\"oci://a.example\", \"oci://b.example/shop\"]\n";
  const auto read = read_registries();
  ::unsetenv("BERTH_CONFIG");
  REQUIRE(read);
  CHECK(read->search == std::vector<std::string>{"oci://a.example", "oci://b.example/shop"});
  CHECK(read->store_bytes == 3 << 20);
}

TEST_CASE("what is wrong in it is said with its place") {
  CHECK(mistake("serch = []\n")
            .starts_with("registries.toml:1:1: 'serch' is not a key of this file, did you mean"));
  CHECK(mistake("search = \"oci://a\"\n").starts_with("registries.toml:1:10: 'search' is a list"));
  CHECK(mistake("store = 20\n").starts_with("registries.toml:1:9: 'store' is a size like"));
  CHECK(mistake("search = [\"oci://a\",\n  \"https://b\"]\n")
            .starts_with("registries.toml:2:3: a registry is"));
}

}  // namespace berth::registry
