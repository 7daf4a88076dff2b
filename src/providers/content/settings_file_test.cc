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

TEST_CASE("services and where this machine is reached are named") {
  const auto read = parse_settings(
      "address = \"https://content.example.com\"\n[services.one]\nurl = \"https://pins.example.com/psa\"\n"
      "token_file = \"one.token\"\n[services.two]\nurl = \"http://127.0.0.1:1\"\n",
      "content.toml");
  REQUIRE(read);
  CHECK(read->address == "/dns/content.example.com/tcp/443/tls/http");
  REQUIRE(read->services.size() == 2);
  CHECK(read->services.at("one").url == "https://pins.example.com/psa");
  CHECK(read->services.at("one").token_file == "one.token");
  CHECK(read->services.at("two").token_file.empty());
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
  CHECK(mistake("address = \"http://127.0.0.1:80\"\n").starts_with("content.toml:1:11: 'address' is where"));
  CHECK(mistake("services = 3\n").starts_with("content.toml:1:12: 'services' are at most"));
  CHECK(mistake("[services]\na = 3\n").starts_with("content.toml:2:5: a service is a table"));
  CHECK(mistake("[services.a]\n").find("has no 'url'") != std::string::npos);
  CHECK(mistake("[services.a]\nurl = \"a.example\"\n").starts_with("content.toml:2:7: 'url' is one like"));
  CHECK(mistake("[services.a]\ntoken = \"x\"\n").find("did you mean 'token_file'") != std::string::npos);
  CHECK(mistake("[services.a]\ntoken_file = 1\n").starts_with("content.toml:2:14: 'token_file' is the"));
}

}  // namespace berth::content
