// SPDX-License-Identifier: Apache-2.0
#pragma once
// Grants made at random, for the property tests: all of them read, few enough different pieces that many
// overlap.
//
// For tests only; a seed gives the same grants each time.

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "policy/grant.h"

namespace berth::policy {

class RandomGrants {
 public:
  explicit RandomGrants(uint64_t seed) : random_(seed) {}

  uint64_t below(uint64_t bound) {
    return random_() % bound;
  }

  bool coin() {
    return below(2) == 0;
  }

  template <size_t N>
  std::string pick(const char* const (&choices)[N]) {
    return choices[below(N)];
  }

  /// A line that `parse_grant` reads in that role.
  std::string text(Role role) {
    Capability capability = all_capabilities()[below(all_capabilities().size())];
    return std::string(capability_name(capability)) + " " + extent(capability, role);
  }

 private:
  std::string extent(Capability capability, Role role) {
    using enum Capability;
    switch (capability) {
      case kFiles:
        return files(role);
      case kEnv:
        return env(role);
      case kStdio:
        return pick({"in", "out", "err,in", "in,out,err", "out, err"});
      case kHttpOut:
        return http_out();
      case kHttpIn:
        return listener();
      case kSocketOut:
        return pick({"tcp://", "udp://"}) + host() + ":" + ports();
      case kSocketIn:
        return pick({"tcp://", "udp://"}) + listener();
      case kDns:
        return pick({"*", "*.com", "*.example.com", "example.com", "a.b.example.com", "localhost"});
      case kKeyvalue:
      case kBlobstore:
        return pick({"cache", "cache-*", "cache-a", "*", "a/b.c_d"}) + pick({"", ":ro", ":rw"});
      case kMessaging:
        return rules({"publish ", "subscribe ", "request "}, {"a.>", "a.b", "*.b", "a.*.c", ">", "a"});
      case kSecret:
        return pick({"API_TOKEN", "API_*", "*", "db/password"});
      case kContent:
        return content();
      case kP2p:
        return rules({"dial ", "listen "}, {"/echo/1.0.0", "/echo/*", "/*", "/spark/1.0.0"});
      case kActivity:
        return pick({"info", "error", "job-completed", "error,info", "info, error, job-completed"});
    }
    return "";
  }

  std::string path() {
    std::string made;
    for (uint64_t left = below(4); left > 0; --left)
      made += pick({"/a", "/b", "/c d", "/e\\:f", "/g\\\\h", "/船"});
    return made.empty() ? "/" : made;
  }

  std::string files(Role role) {
    if (below(6) == 0) {
      if (role == Role::kOwner && coin()) return pick({"ipfs://*", "ipfs://bafya:*", "ipfs://bafya/a:/a"});
      return pick({"ipfs://bafya:/a", "ipfs://bafya/a:/a:ro", "ipfs://bafya/a/b%20c\\:d:/b"});
    }
    std::string made = pick({"", "./x", ".", "@notes", "@a.b-c_9"});
    if (role == Role::kOwner && below(8) == 0) made = "@*";
    if (made != "." && !made.starts_with('@')) made += path();
    if (coin()) made.append(":").append(role == Role::kOwner && coin() ? "*" : path());
    if (coin()) return made + pick({"", ":ro"});
    return made + ":rw" + pick({"", ":quota=1GiB", ":quota=512MB", ":quota=1B"}) +
           pick({"", ":files=1", ":files=2k"});
  }

  std::string env(Role role) {
    if (role == Role::kOwner && below(4) == 0) return "*";
    return pick({"HOME", "A", "B_2"}) +
           pick({"", "=*", "=value", "=", "=a=b c", "=\\*", "=\\\\*", "=it's \"x\\n\""});
  }

  std::string host() {
    return pick({"*", "*.com", "*.example.com", "example.com", "API.Example.com.", "localhost", "127.0.0.1",
                 "[::1]", "10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "8.0.0.0/6", "[fd00::/8]", "[fd12::1]",
                 "[::/0]", "[::ffff:10.0.0.0/104]", "169.254.169.254", "169.254.0.0/16", "93.184.216.34"});
  }

  std::string ports() {
    return pick({"*", "80", "443", "8000-8100", "8050-9000", "1-65535", "65535"});
  }

  std::string listener() {
    return pick({"*", "0.0.0.0", "127.0.0.1", "127.0.0.0/8", "[::1]", "[::]", "[::/0]", "0.0.0.0/0"}) + ":" +
           pick({"0", "80", "8080", "*", "8000-9000", "0-65535"});
  }

  std::string http_out() {
    const std::string methods = pick({"", "GET ", "POST,GET ", "GET, HEAD ", "DELETE "});
    if (pick({"inside", "", "", ""}) == "inside") {
      return methods + pick({"berth:*", "berth:other", "berth:a-1"}) + pick({"", "/", "/*", "/v1/*", "/v1"});
    }
    std::string made = methods + pick({"http://", "https://"}) +
                       pick({"*", "*.example.com", "api.example.com", "localhost", "127.0.0.1", "[::1]",
                             "[10.0.0.0/8]", "[fd00::/8]", "10.0.0.7", "169.254.169.254"});
    if (coin()) made.append(":").append(ports());
    return made + pick({"", "/", "/*", "/v1/*", "/v1*", "/v1/users", "/v1/users/*", "/a%2fb/*", "/%76%31/*",
                        "/x%20y"});
  }

  template <size_t V, size_t W>
  std::string rules(const char* const (&verbs)[V], const char* const (&whats)[W]) {
    std::string made;
    for (uint64_t left = 1 + below(3); left > 0; --left) {
      if (!made.empty()) made += " | ";
      made += pick(verbs) + pick(whats);
    }
    return made;
  }

  std::string content() {
    std::string made;
    for (uint64_t left = 1 + below(3); left > 0; --left) {
      if (!made.empty()) made += " | ";
      if (below(3) == 0) {
        made += pick(
            {"publish", "publish max=1GiB", "publish max=5B", "publish ipns://*", "publish ipns://k51a"});
      } else {
        made += pick({"fetch", "fetch ipfs://*", "fetch ipfs://bafya", "fetch bafya/a",
                      "fetch /ipfs/bafya/a/b%20c", "fetch ipns://*", "fetch ipns://docs.example.com/a"}) +
                pick({"", "", " max=1GiB", " max=1KiB"});
      }
    }
    return made;
  }

  std::mt19937_64 random_;
};

}  // namespace berth::policy
