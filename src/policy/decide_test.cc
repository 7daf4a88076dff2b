// SPDX-License-Identifier: Apache-2.0
#include "policy/decide.h"

#include <doctest/doctest.h>

#include <random>

#include "policy/random_grant.h"

using namespace berth;
using namespace berth::policy;
using enum berth::policy::Capability;

namespace {

/// A module with these grants, whose doors are knocked on.
class Module {
 public:
  Module(std::initializer_list<const char*> grants) {
    for (const char* grant : grants) allow(grant);
  }

  void allow(std::string_view grant) {
    policy_.grants.push_back(parse_grant(grant, "p.toml:1").value());
  }

  Verdict ask(const Knock& knock) const {
    return decide(policy_, knock);
  }

  bool may(Capability capability, std::string operation, std::string target) const {
    return ask({.capability = capability, .operation = std::move(operation), .target = std::move(target)})
               .decision == Decision::kAllow;
  }

  bool may_request(std::string method, std::string url, std::string resolved_to = "") const {
    return ask({.capability = kHttpOut,
                .operation = "request",
                .target = std::move(url),
                .method = std::move(method),
                .resolved_to = std::move(resolved_to)})
               .decision == Decision::kAllow;
  }

  bool may_connect(std::string target, std::string resolved_from = "") const {
    return ask({.capability = kSocketOut,
                .operation = "connect",
                .target = std::move(target),
                .resolved_from = std::move(resolved_from)})
               .decision == Decision::kAllow;
  }

  std::string explained(const Knock& knock) const {
    return explain(knock, ask(knock));
  }

 private:
  Policy policy_;
};

Knock files(std::string operation, std::string target, Reason reason = Reason::kAsk) {
  return {
      .capability = kFiles, .operation = std::move(operation), .target = std::move(target), .reason = reason};
}

/// A knock that has a fair chance with a random grant of that capability.
Knock random_knock(RandomGrants& random, Capability capability) {
  std::string host =
      random.pick({"example.com", "a.example.com", "api.example.com", "localhost", "127.0.0.1", "[::1]",
                   "10.0.0.7", "10.1.2.3", "9.9.9.9", "[fd12::1]", "[fe80::1]", "169.254.169.254",
                   "169.254.1.1", "93.184.216.34", "0.0.0.0", "[::ffff:10.0.0.7]", "[2606:4700::1]"});
  std::string port = random.pick({":80", ":443", ":8080", ":8060", ":0", ":65535"});
  Knock knock{.capability = capability};
  knock.operation = random.pick({"open-read", "open-write", "list", "get", "set", "publish", "subscribe",
                                 "request", "dial", "listen", "fetch"});
  knock.method = random.pick({"GET", "POST", "DELETE", ""});
  knock.resolved_to = random.pick({"", "", "127.0.0.1", "10.0.0.7", "93.184.216.34", "169.254.169.254"});
  knock.resolved_from = random.pick({"", "", "example.com", "a.example.com", "localhost"});
  switch (capability) {
    case kFiles:
      knock.target = random.pick({"/", "/a", "/a/b", "/b/a/x", "/c d/x", "/x/a", "/a/../b"});
      break;
    case kHttpOut:
      knock.target =
          random.pick({"http://", "https://"}) + host + (random.coin() ? port : "") +
          random.pick({"", "/", "/v1/x", "/v1/users", "/v1/users/1", "/v1x", "/v1/../x", "/a%2Fb/c"});
      break;
    case kSocketOut:
    case kSocketIn:
      knock.target = random.pick({"tcp://", "udp://"}) + host + port;
      break;
    case kHttpIn:
      knock.target = host + port;
      break;
    case kDns:
      knock.target = host;
      break;
    case kMessaging:
      knock.target = random.pick({"a", "a.b", "a.b.c", "b.b", "a.*", ">"});
      break;
    case kContent:
      knock.operation = random.pick({"fetch", "publish"});
      knock.target = random.pick({"ipfs://bafya/a", "ipfs://bafya/a/b%20c", "ipns://k51a"});
      break;
    case kP2p:
      knock.target = random.pick({"/echo/1.0.0", "/spark/1.0.0", "/x"});
      break;
    case kActivity:
      knock.target = random.pick({"info", "error", "job-completed"});
      break;
    default:
      knock.target = random.pick({"HOME", "A", "in", "out", "cache", "cache-a", "API_TOKEN", "db/password"});
      break;
  }
  return knock;
}

}  // namespace

TEST_CASE("a refusal says which of the parties denied") {
  const auto read = [](const char* line) { return parse_grant(line, "here", Role::kOwner).value(); };
  const std::vector<Bounds> claims{{.grants = std::vector<Grant>{read("dns *.com")},
                                    .source = "account 'shop' (AB)",
                                    .party = Party::kClaims}};
  const Bounds owner{.grants = std::vector<Grant>{read("dns a.com")}, .source = "host.toml"};
  const Policy asked{
      .grants = {parse_grant("dns *.com", "here").value(), parse_grant("dns a.b", "here").value()}};
  const Policy policy = intersect(asked, claims, owner).policy;
  const auto ask = [&](const char* name) {
    const Knock knock{.capability = kDns, .operation = "resolve", .target = name};
    return explain(knock, decide(policy, knock));
  };
  CHECK(ask("a.com").starts_with("allowed"));
  CHECK(ask("x.y") == "denied: dns resolve x.y: no grant covers it; allow with --grant 'dns x.y'");
  CHECK(ask("a.b") ==
        "denied: dns resolve a.b: it is asked for, and the claims of account 'shop' (AB) don't vouch for it; "
        "whoever signs it vouches for it with --grant 'dns a.b'");
  CHECK(ask("b.com") ==
        "denied: dns resolve b.com: it is asked for, and the owner of this machine doesn't allow it "
        "(host.toml); the owner allows it with 'dns b.com'");
}

TEST_CASE("a path is open where a grant shows its folder, to write only where that says so") {
  Module module{"files ./a:/data:ro", "files ./b:/data/out:rw"};
  CHECK(module.may(kFiles, "open-read", "/data/x"));
  CHECK(module.may(kFiles, "list", "/data"));
  CHECK(module.may(kFiles, "open-read", "data//x/./y"));
  CHECK_FALSE(module.may(kFiles, "open-write", "/data/x"));
  CHECK(module.may(kFiles, "create", "/data/out/x"));
  CHECK_FALSE(module.may(kFiles, "remove", "/data/out/../x"));
  CHECK_FALSE(module.may(kFiles, "open-read", "/database"));
  CHECK_FALSE(module.may(kFiles, "open-read", "/"));
  CHECK_FALSE(module.may(kFiles, "open-read", "/data/../etc/passwd"));
  CHECK_FALSE(module.may(kFiles, "open-read", "../data/x"));
  CHECK_FALSE(module.may(kFiles, "something-new", "/data/x"));
}

TEST_CASE("a refused path comes with the grant of its folder") {
  Module module{"files ./a:/data:ro"};
  CHECK(module.explained(files("open-read", "/etc/passwd")) ==
        "denied: files open-read /etc/passwd: no grant covers it; allow with --grant 'files /etc:/etc:ro'");
  CHECK(module.ask(files("create", "/var/log/x")).suggestion == "files /var/log:/var/log:rw");
  CHECK(module.ask(files("list", "/var/log")).suggestion == "files /var/log:/var/log:ro");
  CHECK(module.ask(files("stat", "/var/log/")).suggestion == "files /var/log:/var/log:ro");
  CHECK(module.ask(files("open-read", "/x.txt")).suggestion == "files .:/:ro");
  CHECK(module.ask(files("open-read", "sub/x.txt")).suggestion == "files ./sub:/sub:ro");
  CHECK(module.ask(files("open-read", "/a:b/c")).suggestion == "files /a\\:b:/a\\:b:ro");
  CHECK(module.ask(files("open-read", "/a\n/c")).suggestion.empty());
}

TEST_CASE("a refusal that the door made is put into words") {
  Module module{"files ./a:/data:ro"};
  CHECK(module.explained(files("open-write", "/data/x", Reason::kReadOnly)) ==
        "denied: files open-write /data/x: 'files ./a:/data:ro' (p.toml:1) only lets read; allow with "
        "--grant 'files "
        "./a:/data:rw'");
  CHECK(module.explained(files("open-read", "/data/x", Reason::kEscape)) ==
        "denied: files open-read /data/x: the path leads out of its grant, by '..' or by a link");
  CHECK(module.ask(files("open-read", "/data/x", Reason::kSpecialFile)).rule ==
        "devices, sockets and pipes are never opened");
  CHECK(module.ask(files("rename", "/data/x", Reason::kCrossGrant))
            .rule.contains("from one grant into another"));
  CHECK(module.ask(files("open-read", "/data/x", Reason::kHostRefused))
            .rule.contains("the operating system refused"));
  for (Reason reason : {Reason::kNoGrant, Reason::kReadOnly, Reason::kEscape, Reason::kSpecialFile,
                        Reason::kCrossGrant, Reason::kHostRefused}) {
    CHECK(module.ask(files("open-read", "/data/x", reason)).decision == Decision::kDeny);
  }
  Knock refused{
      .capability = kKeyvalue, .operation = "get", .target = "cache", .reason = Reason::kHostRefused};
  CHECK(Module{"keyvalue cache"}.ask(refused).decision == Decision::kDeny);
}

TEST_CASE("requests are held against method, scheme, host, port and path") {
  Module module{"http.out GET,HEAD https://api.example.com/v1/*", "http.out http://*.example.com:8080"};
  CHECK(module.may_request("GET", "https://api.example.com/v1/x?q=1#f"));
  CHECK(module.may_request("GET", "HTTPS://API.example.com.:443/v1/"));
  CHECK(module.may_request("GET", "https://api.example.com/%76%31/x"));
  CHECK(module.may_request("POST", "http://a.b.example.com:8080/anything/../x"));
  CHECK_FALSE(module.may_request("POST", "https://api.example.com/v1/x"));
  CHECK_FALSE(module.may_request("get", "https://api.example.com/v1/x"));
  CHECK_FALSE(module.may_request("GET", "http://api.example.com/v1/x"));
  CHECK_FALSE(module.may_request("GET", "https://api.example.com:444/v1/x"));
  CHECK_FALSE(module.may_request("GET", "https://api.example.com/v1"));
  CHECK_FALSE(module.may_request("GET", "https://evil.com/v1/x"));
  CHECK_FALSE(module.may_request("GET", "https://api.example.com.evil.com/v1/x"));
  CHECK_FALSE(module.may_request("GET", "http://example.com:8080/"));
}

TEST_CASE("a module inside is opened by its name, and by no host") {
  Module module{"http.out GET berth:other/v1/*", "http.out berth:all"};
  CHECK(module.may_request("GET", "http://other.berth.internal/v1/x?q=1"));
  CHECK(module.may_request("GET", "HTTP://OTHER.berth.INTERNAL.:80/v1/x"));
  CHECK(module.may_request("PUT", "http://all.berth.internal"));
  CHECK_FALSE(module.may_request("POST", "http://other.berth.internal/v1/x"));
  CHECK_FALSE(module.may_request("GET", "http://other.berth.internal/v2"));
  CHECK_FALSE(module.may_request("GET", "http://third.berth.internal/v1/x"));
  CHECK_FALSE(module.may_request("GET", "https://all.berth.internal/"));
  CHECK_FALSE(module.may_request("GET", "http://all.berth.internal:8080/"));
  CHECK_FALSE(module.may_request("GET", "http://deep.all.berth.internal/"));
  CHECK_FALSE(module.may_request("GET", "http://berth.internal/"));
  Module hosts{"http.out http://*:*/*", "http.out http://*.internal:*/*", "socket.out tcp://*:*", "dns *"};
  CHECK(hosts.may_request("GET", "http://berth.internal.example/"));
  CHECK_FALSE(hosts.may_request("GET", "http://other.berth.internal/"));
  CHECK_FALSE(Module{"http.out berth:*"}.may_request("GET", "http://example.com/"));
  CHECK(Module{"http.out berth:*"}.may_request("GET", "http://other.berth.internal/"));
  Knock knock{.capability = kHttpOut,
              .operation = "request",
              .target = "http://third.berth.internal/a/b?c",
              .method = "GET"};
  CHECK(module.explained(knock) ==
        "denied: http.out GET http://third.berth.internal/a/b: no grant covers it; allow with --grant "
        "'http.out berth:third/a/*'");
  knock.target = "http://all.berth.internal/";
  knock.reason = Reason::kNoModule;
  CHECK(module.explained(knock).contains("'http.out berth:all' (p.toml:1) covers it, but no module of that"));
}

TEST_CASE("no spelling of a path climbs out of its grant") {
  Module module{"http.out https://a.b/v1/*"};
  for (const char* path : {"/v1/../admin", "/v1/%2e%2e/admin", "/v1/%2E./admin", "/v1/..%2fadmin",
                           "/v1/..\\admin", "/v1/%252e%252e/admin", "/v1/%25252e%25252e/admin",
                           "/v1/..;x/admin", "/v1/..%00/admin", "/v1/x/../../admin", "/v1/..", "/v1/%",
                           "/v1/%zz", "/v1/.%2e%5cadmin", "/../v1/x", "/v2/x", "/V1/x"}) {
    CAPTURE(path);
    CHECK_FALSE(module.may_request("GET", std::string("https://a.b") + path));
  }
  for (const char* path :
       {"/v1/", "/v1/..x/y", "/v1/x..", "/v1/.../x", "/v1/%2fx", "/v1/a//b", "/v1/./x", "/v1/*", "/v1/ü"}) {
    CAPTURE(path);
    CHECK(module.may_request("GET", std::string("https://a.b") + path));
  }
}

TEST_CASE("addresses that only look like a host are no host") {
  Module module{"http.out http://*:*/*", "socket.out tcp://*:*"};
  for (const char* url : {"http://2130706433/",
                          "http://0x7f000001/",
                          "http://0177.0.0.1/",
                          "http://127.1/",
                          "http://127.0.0.1/",
                          "http://[::1]/",
                          "http://[::ffff:127.0.0.1]/",
                          "http://[::ffff:7f00:1]/",
                          "http://localhost/",
                          "http://LOCALHOST./",
                          "http://x.localhost/",
                          "http://10.0.0.1/",
                          "http://169.254.169.254/latest",
                          "http://[fe80::1]/",
                          "http://[64:ff9b::7f00:1]/",
                          "http://0.0.0.0/",
                          "http://a@b.c/",
                          "http:///",
                          "http://a.b:99999/",
                          "http://a.b:0/",
                          "ftp://a.b/",
                          "",
                          "http://a b/",
                          "http://*/",
                          "http://*.a.b/"}) {
    CAPTURE(url);
    CHECK_FALSE(module.may_request("GET", url));
  }
  CHECK(module.may_request("GET", "http://93.184.216.34/"));
  CHECK(module.may_request("GET", "http://example.com/"));
  CHECK_FALSE(module.may_connect("tcp://127.0.0.1:80"));
  CHECK(module.may_connect("tcp://93.184.216.34:80"));
}

TEST_CASE("a special address is open to a grant that names it") {
  Module module{"http.out http://127.0.0.1:8080/*", "http.out http://[10.0.0.0/8]:80/*",
                "socket.out udp://[fd00::/8]:53"};
  CHECK(module.may_request("GET", "http://127.0.0.1:8080/x"));
  CHECK(module.may_request("GET", "http://[::ffff:127.0.0.1]:8080/x"));
  CHECK(module.may_request("GET", "http://10.9.8.7/"));
  CHECK(module.may_connect("udp://[fd00::1]:53"));
  CHECK_FALSE(module.may_request("GET", "http://127.0.0.2:8080/x"));
  CHECK_FALSE(module.may_connect("udp://[fe80::1]:53"));
}

TEST_CASE("a name that leads to a special address needs a grant for that address as well") {
  Module module{"http.out http://nas.example/*", "http.out http://localhost:8080/*"};
  CHECK(module.may_request("GET", "http://nas.example/"));
  CHECK(module.may_request("GET", "http://nas.example/", "93.184.216.34"));
  CHECK_FALSE(module.may_request("GET", "http://nas.example/", "192.168.1.5"));
  CHECK_FALSE(module.may_request("GET", "http://nas.example/", "not an address"));
  CHECK(module.may_request("GET", "http://localhost:8080/", "127.0.0.1"));
  CHECK(module.may_request("GET", "http://localhost:8080/", "::1"));
  CHECK_FALSE(module.may_request("GET", "http://localhost:8080/", "10.0.0.1"));
  Knock knock{.capability = kHttpOut,
              .operation = "request",
              .target = "http://nas.example/a/b?token=secret",
              .method = "GET",
              .resolved_to = "192.168.1.5"};
  CHECK(module.explained(knock) ==
        "denied: http.out GET http://nas.example/a/b: nas.example leads to 192.168.1.5, which is private, "
        "and no grant "
        "names that address; allow with --grant 'http.out http://192.168.1.5:80/a/*'");
  module.allow("http.out http://192.168.1.5/a/*");
  CHECK(module.may_request("GET", "http://nas.example/a/b", "192.168.1.5"));
  CHECK_FALSE(module.may_request("GET", "http://nas.example/c", "192.168.1.5"));
  module.allow("socket.out tcp://192.168.0.0/16:80");
  CHECK(module.may_request("GET", "http://nas.example/c", "192.168.1.5"));
  CHECK_FALSE(module.may_request("GET", "http://other.example/c", "192.168.1.5"));
}

TEST_CASE("sockets are open by address, or by the name that the address was resolved from") {
  Module module{"socket.out tcp://*.db.example:5432", "socket.out tcp://93.184.0.0/16:80-90"};
  CHECK(module.may_connect("tcp://93.184.216.34:85"));
  CHECK(module.may_connect("tcp://8.8.8.8:5432", "a.db.example"));
  CHECK_FALSE(module.may_connect("tcp://8.8.8.8:5432"));
  CHECK_FALSE(module.may_connect("tcp://8.8.8.8:5432", "db.example"));
  CHECK_FALSE(module.may_connect("tcp://127.0.0.1:5432", "a.db.example"));
  CHECK_FALSE(module.may_connect("udp://8.8.8.8:5432", "a.db.example"));
  CHECK_FALSE(module.may_connect("tcp://93.184.216.34:91"));
  CHECK(module.may(kDns, "resolve", "a.db.example"));
  CHECK(Module{"socket.out tcp://localhost:80"}.may_connect("tcp://127.0.0.1:80", "localhost"));
  CHECK_FALSE(Module{"socket.out tcp://*:80"}.may_connect("tcp://127.0.0.1:80", "evil.example"));
}

TEST_CASE("listening is open on the addresses and ports that are granted") {
  Module module{"socket.in tcp://127.0.0.1:0", "http.in *:8080"};
  CHECK(module.may(kSocketIn, "bind", "tcp://127.0.0.1:0"));
  CHECK_FALSE(module.may(kSocketIn, "bind", "tcp://0.0.0.0:0"));
  CHECK_FALSE(module.may(kSocketIn, "bind", "tcp://127.0.0.1:80"));
  CHECK(module.may(kHttpIn, "listen", "0.0.0.0:8080"));
  CHECK(module.may(kHttpIn, "listen", "[::1]:8080"));
  CHECK_FALSE(module.may(kHttpIn, "listen", "localhost:8080"));
}

TEST_CASE("who writes to a UDP server is heard and answered") {
  Module server{"socket.in udp://127.0.0.1:9000"};
  CHECK(server.may(kSocketIn, "receive", "udp://192.0.2.7:4000"));
  CHECK(server.may(kSocketIn, "send", "udp://192.0.2.7:4000"));
  CHECK_FALSE(server.may(kSocketIn, "bind", "udp://192.0.2.7:4000"));
  CHECK_FALSE(Module{"socket.in tcp://*:0"}.may(kSocketIn, "receive", "udp://192.0.2.7:4000"));
}

TEST_CASE("names are looked up where dns says so") {
  Module module{"dns *.example.com"};
  CHECK(module.may(kDns, "resolve", "a.Example.com."));
  CHECK_FALSE(module.may(kDns, "resolve", "example.com"));
  CHECK(module.may(kDns, "resolve", "127.0.0.1"));
  CHECK_FALSE(module.may(kDns, "resolve", "0x7f.1"));
  CHECK_FALSE(module.may(kDns, "resolve", std::string("a.example.com\0.evil", 19)));
}

TEST_CASE("the other doors are open by name") {
  Module module{"env HOME",         "stdio out",        "keyvalue app-*:ro",
                "blobstore photos", "secret API_TOKEN", "messaging publish a.> | subscribe b.*",
                "p2p dial /echo/*", "content fetch",    "activity info,error"};
  CHECK(module.may(kEnv, "read", "HOME"));
  CHECK_FALSE(module.may(kEnv, "read", "PATH"));
  CHECK(module.may(kStdio, "write", "out"));
  CHECK_FALSE(module.may(kStdio, "read", "in"));
  CHECK(module.may(kKeyvalue, "get", "app-x"));
  CHECK_FALSE(module.may(kKeyvalue, "set", "app-x"));
  CHECK_FALSE(module.may(kKeyvalue, "get", "app-*"));
  CHECK_FALSE(module.may(kKeyvalue, "get", " app-x"));
  CHECK(module.may(kBlobstore, "write", "photos"));
  CHECK(module.may(kSecret, "read", "API_TOKEN"));
  CHECK_FALSE(module.may(kSecret, "read", "API_TOKEN2"));
  CHECK(module.may(kMessaging, "publish", "a.b.c"));
  CHECK_FALSE(module.may(kMessaging, "publish", "a.>"));
  CHECK_FALSE(module.may(kMessaging, "publish", "a"));
  CHECK(module.may(kMessaging, "subscribe", "b.*"));
  CHECK_FALSE(module.may(kMessaging, "subscribe", "b.>"));
  CHECK(module.may(kP2p, "dial", "/echo/1.0.0"));
  CHECK_FALSE(module.may(kP2p, "listen", "/echo/1.0.0"));
  CHECK(module.may(kActivity, "tell", "error"));
  CHECK_FALSE(module.may(kActivity, "tell", "job-completed"));
}

TEST_CASE("content is open from its root on, and nothing else of it is") {
  Module module{"content fetch ipfs://bafya/docs max=1KiB | publish"};
  CHECK(module.may(kContent, "fetch", "ipfs://bafya/docs"));
  CHECK(module.may(kContent, "fetch", "ipfs://bafya/docs/a%20b"));
  CHECK(module.may(kContent, "publish", "bafyb"));
  for (const char* other : {"ipfs://bafya", "ipfs://bafya/docsx", "ipfs://bafya/docs/../x", "ipfs://bafyb",
                            "ipns://bafya/docs", "ipfs://*", "", "bafya docs", "ipfs://bafya/docs/%2e%2e"}) {
    CAPTURE(other);
    CHECK_FALSE(module.may(kContent, "fetch", other));
  }
  CHECK_FALSE(module.may(kContent, "publish", "ipns://k51a"));
}

TEST_CASE("a refusal of content says the grant that would open it") {
  const Policy nothing;
  const auto suggested = [&](std::string operation, std::string target) {
    return decide(nothing,
                  {.capability = kContent, .operation = std::move(operation), .target = std::move(target)})
        .suggestion;
  };
  CHECK(suggested("fetch", "/ipfs/bafya/a b") == "content fetch ipfs://bafya/a%20b");
  CHECK(suggested("publish", "bafya") == "content publish");
  CHECK(suggested("publish", "ipns://k51a") == "content publish ipns://k51a");
  CHECK(suggested("fetch", "https://a.b").empty());
}

TEST_CASE("what a guest says can neither command a terminal nor a shell") {
  Module module{"dns *"};
  std::string line = module.explained(files("open-read", "/tmp/\x1b[2J'; rm -rf /\u202E/x"));
  CHECK(line == "denied: files open-read /tmp/\\x1b[2J'; rm -rf /\\u{202e}/x: no grant covers it");
  line = module.explained(files("open-read", "/it's/x"));
  CHECK(line.ends_with("allow with --grant 'files /it'\\''s:/it'\\''s:ro'"));
  Knock secret{
      .capability = kHttpOut, .operation = "request", .target = "https://u:pw@h/p?k=v", .method = "GET"};
  CHECK(module.explained(secret) ==
        "denied: http.out GET https://h/p: the address has a user before its host, leave that out");
  CHECK(module.explained(files("list", std::string(10'000, 'a'))).size() < 30'000);
}

TEST_CASE("an allowed knock names the grant that allows it") {
  CHECK(Module{"dns *"}.explained({.capability = kDns, .operation = "resolve", .target = "a.b"}) ==
        "allowed: dns resolve a.b: 'dns *' (p.toml:1)");
}

TEST_CASE("whatever was knocked with, the suggestion opens exactly that door") {
  RandomGrants random(9);
  std::mt19937_64 bytes(10);
  constexpr std::string_view kAlphabet = "/..:*ab x%2e\\'[]@|>1?#\0\n\xc3\xbc";
  size_t suggested = 0;
  for (int i = 0; i < 100'000; ++i) {
    Module module{};
    if (random.coin()) module.allow(random.text(Role::kAsker));
    Knock knock{.capability = all_capabilities()[random.below(all_capabilities().size())]};
    knock.operation = random.pick({"open-read", "open-write", "list", "connect", "resolve", "request",
                                   "publish", "subscribe", "dial", "fetch", "get", "set"});
    knock.target =
        random.pick({"", "/", "/etc/", "http://a.b/", "https://10.0.0.1:8080/v1/", "tcp://",
                     "tcp://1.2.3.4:80", "udp://[::1]:53", "127.0.0.1:80", "example.com", "out", "A.B"});
    for (uint64_t left = random.below(6); left > 0; --left)
      knock.target += kAlphabet[bytes() % kAlphabet.size()];
    knock.method = "GET";
    knock.resolved_to = random.pick({"", "", "10.0.0.1", "8.8.8.8"});
    knock.resolved_from = random.pick({"", "", "example.com", "\xff"});
    Verdict verdict = module.ask(knock);
    CAPTURE(explain(knock, verdict));
    if (verdict.suggestion.empty()) continue;
    ++suggested;
    CHECK(verdict.decision == Decision::kDeny);
    module.allow(verdict.suggestion);
    // A name is granted first, then the special address that it leads to.
    Verdict second = module.ask(knock);
    if (second.decision == Decision::kDeny) module.allow(second.suggestion);
    CHECK(module.ask(knock).decision == Decision::kAllow);
  }
  CHECK(suggested > 10'000);
}

TEST_CASE("what a grant allows, every grant that holds it allows as well") {
  RandomGrants random(12);
  size_t allowed = 0;
  for (int i = 0; i < 60'000; ++i) {
    std::string inner = random.text(Role::kAsker);
    std::string outer = random.text(Role::kAsker);
    Grant grant = parse_grant(inner, "").value();
    if (!contains(parse_grant(outer, "").value(), grant)) continue;
    CAPTURE(inner);
    CAPTURE(outer);
    Module narrow{};
    Module wide{};
    narrow.allow(inner);
    wide.allow(outer);
    for (int knocks = 0; knocks < 10; ++knocks) {
      Knock knock = random_knock(random, grant.capability);
      if (narrow.ask(knock).decision == Decision::kDeny) continue;
      ++allowed;
      CAPTURE(explain(knock, narrow.ask(knock)));
      CHECK(wide.ask(knock).decision == Decision::kAllow);
    }
  }
  CHECK(allowed > 1'500);
}
