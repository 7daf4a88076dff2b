// SPDX-License-Identifier: Apache-2.0
#include "providers/content/settings_file.h"

#include <doctest/doctest.h>

namespace berth::content {
namespace {

std::string mistake(std::string_view text) {
  const auto read = parse_settings(text, "content.toml");
  return read ? "" : read.error().message;
}

}  // namespace

TEST_CASE("an owner names gateways, routers and a size; what they leave out stays") {
  const auto read =
      parse_settings("gateways = [\"http://127.0.0.1:8080\"]\nstore = \"3MiB\"\n", "content.toml");
  REQUIRE(read);
  CHECK(read->gateways == std::vector<std::string>{"http://127.0.0.1:8080"});
  CHECK(read->routing == SettingsFile::default_routing());
  CHECK(read->store_bytes == 3 << 20);
  CHECK(parse_settings("gateways = []\n", "content.toml")->gateways.empty());
  CHECK(read->verify_every == kScrubEvery);
  CHECK(parse_settings("verify = \"36h\"\n", "content.toml")->verify_every == std::chrono::hours(36));
  CHECK_FALSE(parse_settings("verify = \"never\"\n", "content.toml")->verify_every);
}

TEST_CASE("what is wrong in content.toml is said with its place") {
  CHECK(mistake("gateway = []\n")
            .starts_with("content.toml:1:1: 'gateway' is not a key of this file, did you mean"));
  CHECK(mistake("gateways = \"https://a\"\n").starts_with("content.toml:1:12: 'gateways' is a list"));
  CHECK(
      mistake("routing = [\"https://a\",\n  \"a.example\"]\n").starts_with("content.toml:2:3: 'routing' is"));
  for (const char* const wrong : {"20", "\"often\"", "\"59m\""})
    CHECK(mistake(std::string("verify = ") + wrong)
              .starts_with("content.toml:1:10: 'verify' is a time of an hour"));
  CHECK(mistake("store = 20\n").starts_with("content.toml:1:9: 'store' is a size like"));
}

}  // namespace berth::content
