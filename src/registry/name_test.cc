// SPDX-License-Identifier: Apache-2.0
#include "registry/name.h"

#include <doctest/doctest.h>

#include <string>

namespace berth::registry {
namespace {

const std::string kDigits(64, 'a');

std::string normal(const std::string& text) {
  const auto name = parse_name(text);
  return name ? to_text(*name) : "refused: " + name.error().message;
}

bool refused(const std::string& text) {
  const auto name = parse_name(text);
  return !name && name.error().code == ErrorCode::kInvalidArgument &&
         name.error().message.find("is no name of a module") != std::string::npos;
}

}  // namespace

TEST_CASE("what has no scheme is a file") {
  CHECK(normal("./a.wasm") == "./a.wasm");
  CHECK(normal("oci:a") == "oci:a");
  CHECK_FALSE(has_scheme("./sha256:abc"));
}

TEST_CASE("an artifact of a registry has a host, a repository, and a tag or a digest") {
  CHECK(normal("oci://GHCR.io/shop/price") == "oci://ghcr.io/shop/price:latest");
  CHECK(normal("oci://localhost:5000/a/b_c/d--e.f:1.0-RC") == "oci://localhost:5000/a/b_c/d--e.f:1.0-RC");
  CHECK(normal("oci://[::1]:5000/a:b") == "oci://[::1]:5000/a:b");
  CHECK(normal("oci://h/a:was@sha256:" + kDigits) == "oci://h/a@sha256:" + kDigits);
  CHECK(normal("oci://h/a:t#sha256:" + kDigits) == "oci://h/a:t#sha256:" + kDigits);
}

TEST_CASE("paths can't be climbed by a repository, a tag or a digest") {
  for (const std::string text : {"oci://h/../a",
                                 "oci://h/a/../../b",
                                 "oci://h/a/./b",
                                 "oci://h//a",
                                 "oci://h/a/",
                                 "oci://h/A",
                                 "oci://h/a:",
                                 "oci://h/a:../b",
                                 "oci://h/a:.b",
                                 "oci://h/a:b/c",
                                 "oci://h/a@sha256:../../x",
                                 "oci://h/a@sha256:AA",
                                 "oci://h/a@md5:aa",
                                 "oci://h/a?x",
                                 "oci://h/a%2e",
                                 "oci://h",
                                 "oci:///a",
                                 "oci://*/a",

                                 "oci://u:p@h/a",
                                 "oci://0x7f.1/a",
                                 "oci://h:99999999/a",
                                 "oci://h/a_",
                                 "oci://h/a..b",
                                 "oci://h/a___b",
                                 "oci://h/a\n:b"}) {
    CHECK_MESSAGE(refused(text), text);
  }
}

TEST_CASE("of several tags the highest version that stands for the wanted one is meant") {
  const std::vector<std::string> tags{"1.2.0",       "1.10.0",    "2.0.0", "latest",
                                      "1.11.0-rc.1", "../1.12.0", "1.9"};
  CHECK(normal("oci://h/a:^1.2") == "oci://h/a:^1.2");
  CHECK(highest_tag(tags, "^1.2") == "1.10.0");
  CHECK(highest_tag(tags, "^2") == "2.0.0");
  CHECK_FALSE(highest_tag(tags, "^3"));
  CHECK(refused("oci://h/a:^b"));
}

TEST_CASE("an address on the web may say which bytes are meant") {
  CHECK(normal("https://example.com/a.wasm?b=c") == "https://example.com/a.wasm?b=c");
  CHECK(normal("https://example.com/a#sha256:" + kDigits) == "https://example.com/a#sha256:" + kDigits);
  for (const std::string text :
       {"https://", "https://u:secret@h/", "https://h/a#part", "https://h/a b", "ftp://h/a"}) {
    CHECK_MESSAGE(refused(text), text);
  }
  CHECK(parse_name("https://u:secret@h/").error().message.find("secret") == std::string::npos);
}

TEST_CASE("a module of the store is named by some of its digits") {
  CHECK(normal("sha256:01234567") == "sha256:01234567");
  CHECK(refused("sha256:0123456"));
  CHECK(refused("sha256:0123456g"));
}

TEST_CASE("a person calls a module by the last part of its name") {
  const auto called = [](const std::string& text) { return short_name(*parse_name(text)); };
  CHECK(called("oci://h/shop/price:1.2") == "price");
  CHECK(called("https://h/x/price.wasm?v=1") == "price");
  CHECK(called("./price.wat") == "price");
}

}  // namespace berth::registry
