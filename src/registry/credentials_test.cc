// SPDX-License-Identifier: Apache-2.0
#include "registry/credentials.h"

#include <doctest/doctest.h>

#include <string>

namespace berth::registry {
namespace {

std::string found(const std::string& config, const std::string& host = "h.example:5000") {
  const auto credentials = credentials_for(host, config);
  if (!credentials) return "error";
  if (!*credentials) return "none";
  return (*credentials)->user + "|" + (*credentials)->secret +
         ((*credentials)->identity_token ? "|token" : "");
}

}  // namespace

TEST_CASE("a host's credentials are those that Docker's configuration has for it") {
  CHECK(found("") == "none");
  CHECK(found("{}") == "none");
  CHECK(found(R"({"auths": {"h.example:5000": {"auth": "dTpwOnE="}}})") == "u|p:q");
  CHECK(found(R"({"auths": {"https://h.example:5000": {"auth": "dTpw"}}})") == "u|p");
  CHECK(found(R"({"auths": {"h.example": {"auth": "dTpw"}}})") == "none");
  CHECK(found(R"({"auths": {"h.example:5000": {"identitytoken": "t"}}})") == "|t|token");
  CHECK(found(R"({"auths": {"https://index.docker.io/v1/": {"auth": "dTpw"}}})", "docker.io") == "u|p");
}

TEST_CASE("a configuration that is wrong is an error, and says no secret") {
  CHECK(found("[") == "error");
  CHECK(found(R"({"auths": {"h.example:5000": {"auth": "*"}}})") == "error");
  CHECK(found(R"({"credsStore": "../../bin/evil"})") == "error");
  CHECK(found(R"({"credHelpers": {"h.example:5000": "a b"}})") == "error");
  CHECK(found(R"({"credsStore": "there-is-none-of-that-name"})") == "error");
  const auto wrong = credentials_for("h", R"({"auths": {"h": {"auth": "c2VjcmV0"}}})");
  REQUIRE_FALSE(wrong.has_value());
  CHECK(wrong.error().message.find("c2VjcmV0") == std::string::npos);
}

}  // namespace berth::registry
