// SPDX-License-Identifier: Apache-2.0
#include "serve/admin.h"

#include <doctest/doctest.h>

using namespace berth::serve;

namespace {

uint16_t asked(Admin& admin, std::string_view method, std::string_view path) {
  return admin.route({.method = method, .host = "localhost", .path = path}).route.status;
}

}  // namespace

TEST_CASE("the admin address answers what it knows, and nothing else") {
  Admin admin([] { return std::string("berth_up 1\n"); });
  const auto metrics = admin.route({.method = "GET", .path = "/metrics?x=y"});
  CHECK(metrics.route.status == 200);
  CHECK(metrics.body == "berth_up 1\n");
  CHECK(metrics.content_type == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(asked(admin, "HEAD", "/metrics") == 200);
  CHECK(asked(admin, "POST", "/metrics") == 405);
  CHECK(asked(admin, "GET", "/") == 404);
  CHECK(asked(admin, "GET", "/metrics/") == 404);
}

TEST_CASE("a server that ends is alive and not ready") {
  Admin admin([] { return std::string(); });
  CHECK(asked(admin, "GET", "/readyz") == 200);
  admin.stopping();
  CHECK(asked(admin, "GET", "/readyz") == 503);
  CHECK(asked(admin, "GET", "/livez") == 200);
  CHECK(asked(admin, "GET", "/healthz") == 200);
}

TEST_CASE("addresses overlap where one connection could reach either") {
  CHECK(overlap("127.0.0.1:80", "127.0.0.1:80"));
  CHECK(overlap("0.0.0.0:80", "127.0.0.1:80"));
  CHECK(overlap("[::1]:80", "[::]:80"));
  CHECK_FALSE(overlap("127.0.0.1:80", "127.0.0.1:81"));
  CHECK_FALSE(overlap("127.0.0.1:80", "127.0.0.2:80"));
}
