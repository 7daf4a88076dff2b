// SPDX-License-Identifier: Apache-2.0
#include "providers/content/gateways.h"

#include <doctest/doctest.h>

#include <fstream>

#include "base/testing.h"

namespace berth::content {
namespace {

std::unique_ptr<Gateways> made(const std::string& memory, const std::vector<std::string>& urls = {
                                                              "https://a.example", "https://b.example"}) {
  return Gateways::create(urls, {}, memory).value();
}

std::string best(const Gateways& gateways) {
  const auto ranked = gateways.ranked();
  return ranked.empty() ? "" : ranked.front()->url();
}

}  // namespace

TEST_CASE("the first of two unknown is asked first, and then the faster, also in the next run") {
  const TestFolder folder;
  const std::string memory = folder.at("cache/gateways.json");
  {
    const auto gateways = made(memory);
    CHECK(best(*gateways) == "https://a.example");
    gateways->all()[0]->came(1, 1 << 20, 0.5, 2.0);
    gateways->all()[1]->came(1, 1 << 20, 0.1, 0.1);
    CHECK(best(*gateways) == "https://b.example");
  }
  CHECK(best(*made(memory)) == "https://b.example");
}

TEST_CASE("one that fails is asked later, one that lied not for an hour") {
  const TestFolder folder;
  const std::string memory = folder.at("gateways.json");
  {
    const auto gateways = made(memory);
    gateways->all()[0]->failed(Failure::kBroke, "gone");
    CHECK(best(*gateways) == "https://b.example");
    CHECK(gateways->ranked().size() == 2);
    gateways->all()[0]->failed(Failure::kHasNot, "404");
    gateways->all()[1]->failed(Failure::kLied, "another hash");
    CHECK(gateways->ranked().size() == 1);
  }
  const auto again = made(memory);
  CHECK(again->ranked().size() == 1);
  CHECK(again->all()[1]->standing().why == "another hash");
}

TEST_CASE("a memory that isn't to be read is none, and one from another clock ends") {
  const TestFolder folder;
  const std::string memory = folder.at("gateways.json");
  for (const char* const text :
       {"", "[", "[]", "{\"https://a.example\": 7}", "{\"https://a.example\": {\"failing\": -1e999}}",
        "{\"https://a.example\": {\"first_byte_seconds\": \"x\", \"not_before\": -5}}"}) {
    std::ofstream(memory) << text;
    CHECK_MESSAGE(best(*made(memory)) == "https://a.example", text);
  }
  std::ofstream(memory) << "{\"https://a.example\": {\"not_before\": 1e18}}";
  const auto gateways = made(memory);
  CHECK(gateways->ranked().size() == 1);
  CHECK(gateways->all()[0]->standing().not_before < 1e12);
}

TEST_CASE("a URL is one gateway however it is written, and none with a path's query") {
  CHECK(made("", {"https://a.example/", "https://a.example"})->all().size() == 1);
  CHECK_FALSE(Gateways::create({"https://a.example?x"}, {}, "").has_value());
  CHECK_FALSE(Gateways::create({"a.example"}, {}, "").has_value());
  const auto plain = Gateways::create({"http://a.example"}, {}, "");
  REQUIRE_FALSE(plain.has_value());
  CHECK(plain.error().message.find("--plain-http") != std::string::npos);
}

}  // namespace berth::content
