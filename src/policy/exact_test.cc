// SPDX-License-Identifier: Apache-2.0
#include "policy/exact.h"

#include <doctest/doctest.h>

using namespace berth;
using namespace berth::policy;
using enum berth::policy::Capability;

namespace {

/// The lines of the narrowest grants, with "; " between them.
std::string exact(const Knock& knock) {
  std::string text;
  for (const Grant& grant : exact_grants(knock)) text += (text.empty() ? "" : "; ") + to_text(grant);
  return text;
}

std::string request(std::string method, std::string url, std::string resolved_to = "") {
  return exact({.capability = kHttpOut,
                .operation = "request",
                .target = std::move(url),
                .method = std::move(method),
                .resolved_to = std::move(resolved_to)});
}

std::string connect(std::string target, std::string resolved_from = "") {
  return exact({.capability = kSocketOut,
                .operation = "connect",
                .target = std::move(target),
                .resolved_from = std::move(resolved_from)});
}

}  // namespace

TEST_CASE("a request is opened by its method, its origin and its one path") {
  CHECK(request("GET", "https://api.example.com/v1/users?id=1") ==
        "http.out GET https://api.example.com:443/v1/users");
  CHECK(request("POST", "http://93.184.216.34:8080") == "http.out POST http://93.184.216.34:8080/");
  CHECK(request("GET", "https://example.com/a%2a b") == "http.out GET https://example.com:443/a%2A%20b");
}

TEST_CASE("a request to a module inside is opened by that module's name") {
  CHECK(request("GET", "http://other.berth.internal/v1/x?y") == "http.out GET berth:other/v1/x");
}

TEST_CASE("a path that a server could read as climbing needs the whole origin") {
  CHECK(request("GET", "https://example.com/v1/../x") == "http.out GET https://example.com:443/*");
}

TEST_CASE("a method that no grant can name needs all methods") {
  CHECK(request("get", "https://example.com/x") == "http.out https://example.com:443/x");
}

TEST_CASE("a name that leads to a special address needs both lines") {
  CHECK(request("GET", "http://intra.example.com/x", "10.0.0.7") ==
        "http.out GET http://intra.example.com:80/x; http.out GET http://10.0.0.7:80/x");
  CHECK(request("GET", "http://localhost/x", "127.0.0.1") == "http.out GET http://localhost:80/x");
  CHECK(request("GET", "http://example.com/x", "93.184.216.34") == "http.out GET http://example.com:80/x");
}

TEST_CASE("a connection is opened by the name that it came from, and by its address where that is special") {
  CHECK(connect("tcp://93.184.216.34:443", "example.com") == "socket.out tcp://example.com:443");
  CHECK(connect("tcp://93.184.216.34:443") == "socket.out tcp://93.184.216.34:443");
  CHECK(connect("udp://10.0.0.7:53", "example.com") == "socket.out udp://10.0.0.7:53");
}

TEST_CASE("a listener and a look-up are opened as they are") {
  CHECK(exact({.capability = kSocketIn, .operation = "bind", .target = "tcp://127.0.0.1:9000"}) ==
        "socket.in tcp://127.0.0.1:9000");
  CHECK(exact({.capability = kSocketIn, .operation = "bind", .target = "udp://0.0.0.0:0"}) ==
        "socket.in udp://0.0.0.0:0");
  CHECK(exact({.capability = kDns, .operation = "resolve", .target = "Example.COM."}) == "dns example.com");
}

TEST_CASE("what is nothing that a grant could open has no exact grant") {
  CHECK(request("GET", "https://user:password@example.com/") == "");
  CHECK(request("GET", "https://0x7f.1/") == "");
  CHECK(connect("tcp://example.com") == "");
  CHECK(exact({.capability = kDns, .operation = "resolve", .target = "a b"}) == "");
  CHECK(exact({.capability = kKeyvalue, .operation = "get", .target = "a*"}) == "");
}

TEST_CASE("a file is opened by its folder, a folder that is looked at by itself") {
  const auto folder = [](std::string operation, std::string_view path, bool is_folder) {
    return folder_to_open({.capability = kFiles, .operation = std::move(operation)}, path, is_folder);
  };
  CHECK(folder("open-read", "/data/in.txt", false) == "/data");
  CHECK(folder("open-read", "/data/sub", true) == "/data/sub");
  CHECK(folder("open-write", "/data/out.txt", false) == "/data");
  CHECK(folder("create", "/data/sub", true) == "/data");
  CHECK(folder("remove", "/data/sub", true) == "/data");
  CHECK(folder("stat", "/in.txt", false) == "/");
}
