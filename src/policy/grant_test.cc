// SPDX-License-Identifier: Apache-2.0
#include "policy/grant.h"

#include <doctest/doctest.h>

#include "policy/random_grant.h"

using namespace berth;
using namespace berth::policy;

namespace {

/// The canonical text of a grant, or the message of its error.
std::string read(std::string_view text, Role role = Role::kAsker) {
  auto grant = parse_grant(text, "test", role);
  return grant ? to_text(*grant) : grant.error().message;
}

struct Row {
  const char* written;
  const char* canonical;
};

void check_reads(std::initializer_list<Row> rows, Role role = Role::kAsker) {
  for (Row row : rows) {
    CAPTURE(row.written);
    CHECK(read(row.written, role) == row.canonical);
    CHECK(read(row.canonical, role) == row.canonical);
  }
}

struct Bad {
  const char* written;
  const char* problem;
};

void check_refuses(std::initializer_list<Bad> rows, Role role = Role::kAsker) {
  for (Bad row : rows) {
    auto grant = parse_grant(row.written, "test", role);
    CAPTURE(row.written);
    REQUIRE_FALSE(grant);
    CAPTURE(grant.error().message);
    CHECK(grant.error().code == ErrorCode::kInvalidArgument);
    CHECK(grant.error().message.contains(row.problem));
  }
}

bool holds_within(std::string_view outer, std::string_view inner) {
  return contains(parse_grant(outer, "", Role::kOwner).value(), parse_grant(inner, "").value());
}

}  // namespace

TEST_CASE("the examples of every capability are right") {
  for (Capability capability : all_capabilities()) {
    auto grant = parse_grant(example_of(capability), "test");
    CAPTURE(example_of(capability));
    REQUIRE(grant);
    CHECK(grant->capability == capability);
    CHECK(grant->source == "test");
  }
}

TEST_CASE("files grants are read") {
  check_reads({{"files ./data:/data:rw", "files ./data:/data:rw"},
               {"  files\t./data  ", "files ./data:/data:ro"},
               {"files ./a/b/", "files ./a/b/:/b:ro"},
               {"files .", "files .:/:ro"},
               {"files ../x:rw", "files ../x:/x:rw"},
               {"files /srv/./x//y", "files /srv/./x//y:/srv/x/y:ro"},
               {"files /", "files /:/:ro"},
               {"files ./a:.", "files ./a:/:ro"},
               {"files ./a:./b/", "files ./a:/b:ro"},
               {"files ./my data:/my data:rw:quota=1024MiB", "files ./my data:/my data:rw:quota=1GiB"},
               {"files ./a:/a:quota=1kB:rw", "files ./a:/a:rw:quota=1000B"},
               {"files ./a:rw:files=10k:quota=1GiB", "files ./a:/a:rw:quota=1GiB:files=10000"},
               {"files ./a:rw:files=1", "files ./a:/a:rw:files=1"},
               {"files C\\:\\\\data:/d\\:d", "files C\\:\\\\data:/d\\:d:ro"}});
}

TEST_CASE("files grants that are unclear are refused with the part that is") {
  CHECK(read("files ./a:/b:rx") ==
        "cannot read grant 'files ./a:/b:rx': 'rx' is not an access, use 'ro' or 'rw', as in 'files "
        "./data:/data:rw'");
  check_refuses({{"files", "doesn't say what it opens"},
                 {"files :/a", "host path is empty"},
                 {"files *:/a", "write '/' for the whole machine"},
                 {"files ..", "needs a guest path"},
                 {"files /a/../b", "needs a guest path"},
                 {"files ./a:b", "'b' is neither a guest path"},
                 {"files ./a:", "'' is neither"},
                 {"files ./a:/b/../c", "has '..'"},
                 {"files ./a:/b:", "'' is not an access"},
                 {"files ./a:/b:ro:rw", "'rw' is a second access"},
                 {"files ./a:/b:rw:quota=1", "no unit"},
                 {"files ./a:/b:rw:quota=0B", "leaves no room"},
                 {"files ./a:/b:rw:quota=1B:quota=1B", "second quota"},
                 {"files ./a:/b:quota=1B", "a quota needs 'rw'"},
                 {"files ./a:/b:ro:files=1", "a quota needs 'rw'"},
                 {"files ./a:/b:rw:files=0", "leaves no room"},
                 {"files ./a:/b:rw:files=1MiB", "no unit"},
                 {"files ./a:/b:rw:files=1:files=1", "second number of files"},
                 {"files ./a\\b", "lone '\\'"},
                 {"files ./a\\", "lone '\\'"},
                 {"files ./a:*", "for an owner's rules only"}});
}

TEST_CASE("a volume is read by its name, and is bounded where it may be written to") {
  check_reads({{"files @notes", "files @notes:/notes:ro"},
               {"files @notes:rw", "files @notes:/notes:rw:quota=64MiB"},
               {"files @notes:/data:rw:files=9", "files @notes:/data:rw:quota=64MiB:files=9"},
               {"files @a.b_c-9:.:rw:quota=2GiB", "files @a.b_c-9:/:rw:quota=2GiB"},
               {"files ./@notes:rw", "files ./@notes:/@notes:rw"}});
  check_reads({{"files @notes", "files @notes:*:ro"},
               {"files @notes:rw", "files @notes:*:rw"},
               {"files @*:rw:quota=1GiB", "files @*:*:rw:quota=1GiB"}},
              Role::kOwner);
}

TEST_CASE("what could lead a volume's name elsewhere is no name") {
  for (const char* name : {"@", "@.", "@..", "@../x", "@a/b", "@/etc", "@A", "@a b", "@-a", "@_a", "@.a",
                           "@a\\:b", "@ä", "@a@b", "@a*"}) {
    CAPTURE(name);
    CHECK(read(std::string("files ") + name + ":/data:rw").contains("names no volume"));
  }
  CHECK(read("files @" + std::string(64, 'a')).starts_with("files @aaa"));
  CHECK(read("files @" + std::string(65, 'a')).contains("names no volume"));
  CHECK(read("files @*").contains("'@*' is for an owner's rules only, name the volume"));
}

TEST_CASE("an owner's files rule leaves the guest path open unless it says one") {
  check_reads({{"files /srv", "files /srv:*:ro"},
               {"files /srv:*:rw", "files /srv:*:rw"},
               {"files /srv:rw", "files /srv:*:rw"},
               {"files /srv:/x", "files /srv:/x:ro"}},
              Role::kOwner);
}

TEST_CASE("env grants are read") {
  check_reads({{"env KEY=value", "env KEY=value"},
               {"env KEY", "env KEY"},
               {"env KEY=*", "env KEY"},
               {"env KEY=", "env KEY="},
               {"env KEY= a=b c ", "env KEY=a=b c"},
               {"env KEY=\\*", "env KEY=\\*"},
               {"env KEY=\\\\*", "env KEY=\\\\*"},
               {"env KEY=C:\\x", "env KEY=C:\\x"}});
  CHECK(std::get<EnvGrant>(parse_grant("env KEY=\\*", "")->extent).value == "*");
  check_reads({{"env *", "env *"}, {"env *=*", "env *"}}, Role::kOwner);
  check_refuses({{"env =x", "name of the variable is missing"},
                 {"env A B=x", "'A B' is not the name"},
                 {"env A*", "'A*' is not the name"},
                 {"env *", "owner's rules only"}});
  check_refuses({{"env *=x", "sets every variable"}}, Role::kOwner);
}

TEST_CASE("stdio grants are read") {
  check_reads({{"stdio err, in", "stdio in,err"}, {"stdio in,out,err", "stdio in,out,err"}});
  check_refuses({{"stdio inn", "'inn' is not a stream"}, {"stdio in,", "'' is not a stream"}});
}

TEST_CASE("activity grants are read") {
  check_reads({{"activity job-completed, info", "activity info,job-completed"},
               {"activity info,error,job-completed", "activity info,error,job-completed"}});
  check_refuses({{"activity", "doesn't say what it opens"},
                 {"activity jobs", "'jobs' is no kind of event"},
                 {"activity info,", "'' is no kind of event"}});
}

TEST_CASE("http.out grants are read") {
  check_reads(
      {{"http.out https://api.example.com:443/v1/*", "http.out https://api.example.com:443/v1/*"},
       {"http.out https://API.Example.com.", "http.out https://api.example.com:443/*"},
       {"http.out HTTP://example.com/", "http.out http://example.com:80/"},
       {"http.out POST, GET,GET https://*.example.com/x", "http.out GET,POST https://*.example.com:443/x"},
       {"http.out http://*:*/*", "http.out http://*:*/*"},
       {"http.out http://[::1]:8000-8100/", "http.out http://[::1]:8000-8100/"},
       {"http.out http://[::FFFF:127.0.0.1]/", "http.out http://127.0.0.1:80/"},
       {"http.out http://[10.0.0.0/8]:8080/*", "http.out http://[10.0.0.0/8]:8080/*"},
       {"http.out https://a.b/%7euser/%2a%2f*", "http.out https://a.b:443/~user/%2A%2F*"},
       {"http.out https://xn--bcher-kva.example/", "http.out https://xn--bcher-kva.example:443/"},
       {"http.out berth:other", "http.out berth:other"},
       {"http.out berth:other/*", "http.out berth:other"},
       {"http.out POST,GET berth:other/v1/*", "http.out GET,POST berth:other/v1/*"},
       {"http.out berth:other/", "http.out berth:other/"},
       {"http.out berth:*/v1", "http.out berth:*/v1"}});
}

TEST_CASE("http.out grants that are unclear are refused with the part that is") {
  check_refuses({{"http.out example.com", "doesn't begin with 'https://'"},
                 {"http.out ftp://example.com", "doesn't begin with 'https://'"},
                 {"http.out https://user:secret@example.com/", "has a user before its host"},
                 {"http.out https://", "'' is not a host name"},
                 {"http.out https://:443/", "'' is not a host name"},
                 {"http.out https://2130706433/", "reads as a number"},
                 {"http.out https://0x7f.1/", "reads as a number"},
                 {"http.out https://0177.0.0.1/", "reads as a number"},
                 {"http.out https://127.1/", "reads as a number"},
                 {"http.out https://bücher.example/", "xn-- form"},
                 {"http.out https://a..b/", "is not a host name"},
                 {"http.out https://-a.b/", "is not a host name"},
                 {"http.out https://a.*.b/", "'*' in the wrong place"},
                 {"http.out https://ex*.com/", "'*' in the wrong place"},
                 {"http.out https://::1/", "stand in brackets"},
                 {"http.out https://[::1/", "closing bracket"},
                 {"http.out https://[fe80::1%25eth0]/", "zone"},
                 {"http.out https://[127.0.0.1]/", "no IPv6 address"},
                 {"http.out https://a.b:0/", "'0' is not a port"},
                 {"http.out https://a.b:65536/", "'65536' is not a port"},
                 {"http.out https://a.b:/", "'' is not a port"},
                 {"http.out https://a.b:+80/", "'+80' is not a port"},
                 {"http.out https://a.b:90-80/", "smaller one stands first"},
                 {"http.out https://a.b/x?y", "has a query"},
                 {"http.out https://a.b/*/x", "'*' in the wrong place"},
                 {"http.out https://a.b/x/../y", "has '..'"},
                 {"http.out https://a.b/x/%2e%2E/*", "has '..'"},
                 {"http.out https://a.b/%2*", "two hexadecimal digits"},
                 {"http.out https://a.b/x y", "has a space"},
                 {"http.out get https://a.b/", "'get' is not a method"},
                 {"http.out GET,, https://a.b/", "'' is not a method"},
                 {"http.out berth:", "'' is not the name of a module"},
                 {"http.out berth:a.b/", "'a.b' is not the name of a module"},
                 {"http.out berth:Other", "'Other' is not the name of a module"},
                 {"http.out berth:a_b", "'a_b' is not the name of a module"},
                 {"http.out berth:-a", "'-a' is not the name of a module"},
                 {"http.out berth:a:80", "'a:80' is not the name of a module"},
                 {"http.out berth:a/../b", "has '..'"},
                 {"http.out http://other.berth.internal/*", "write berth:NAME"},
                 {"http.out https://*.berth.internal/*", "write berth:NAME"}});
  CHECK_FALSE(read("http.out ftp://a.b/x?token=secret").ends_with("secret"));
}

TEST_CASE("socket, http.in and dns grants are read") {
  check_reads({{"socket.out tcp://10.0.0.0/8:5432", "socket.out tcp://10.0.0.0/8:5432"},
               {"socket.out udp://*.Example.com:1-65535", "socket.out udp://*.example.com:*"},
               {"socket.out tcp://[fd00::/8]:80-90", "socket.out tcp://[fd00::/8]:80-90"},
               {"socket.in tcp://127.0.0.1:0", "socket.in tcp://127.0.0.1:0"},
               {"socket.in udp://[0:0::0]:0-65535", "socket.in udp://[::]:*"},
               {"http.in *:8080", "http.in *:8080"},
               {"http.in 127.0.0.1:8080", "http.in 127.0.0.1:8080"},
               {"dns *", "dns *"},
               {"dns *.Example.COM.", "dns *.example.com"}});
  check_refuses({{"socket.out 10.0.0.1:80", "'tcp://' or 'udp://'"},
                 {"socket.out tcp://10.0.0.1", "has no port"},
                 {"socket.out tcp://10.0.0.1/33:80", "'33' is not a prefix length"},
                 {"socket.out tcp://10.0.0.1/8:80", "did you mean '10.0.0.0/8'"},
                 {"socket.out tcp://fd00::/8:80", "stand in brackets"},
                 {"socket.out tcp://a:0", "'0' is not a port"},
                 {"socket.in tcp://localhost:80", "not an address to listen on"},
                 {"http.in example.com:80", "not an address to listen on"},
                 {"http.in 127.0.0.1", "has no port"},
                 {"http.in 8080", "has no port"},
                 {"dns 127.0.0.1", "is an address"},
                 {"dns a b", "is not a host name"}});
}

TEST_CASE("grants by name are read") {
  check_reads({{"keyvalue cache", "keyvalue cache:rw"},
               {"keyvalue app-*:ro", "keyvalue app-*:ro"},
               {"blobstore photos:ro", "blobstore photos:ro"},
               {"blobstore photos", "blobstore photos:rw"},
               {"secret API_TOKEN", "secret API_TOKEN"},
               {"secret *", "secret *"}});
  check_refuses({{"keyvalue a b", "'a b' is not a name"},
                 {"keyvalue :ro", "name is missing"},
                 {"blobstore a:x", "'x' is not an access"},
                 {"secret a*b", "'*' in the wrong place"}});
}

TEST_CASE("messaging and p2p grants are read") {
  check_reads(
      {{"messaging subscribe cmd.*|publish sensors.>", "messaging publish sensors.> | subscribe cmd.*"},
       {"messaging request time.now | request time.now", "messaging request time.now"},
       {"p2p listen /echo/1.0.0 | dial /spark/*", "p2p dial /spark/* | listen /echo/1.0.0"}});
  check_refuses({{"messaging publish", "says nothing that it applies to"},
                 {"messaging shout a", "'shout' is not a verb; there are publish, subscribe, request"},
                 {"messaging publsh a", "did you mean 'publish'"},
                 {"messaging publish a..b", "is not a subject"},
                 {"messaging publish a b", "is not a subject"},
                 {"messaging publish a*.b", "wildcard in the wrong place"},
                 {"messaging publish >.a", "wildcard in the wrong place"},
                 {"messaging publish a |", "empty rule"},
                 {"p2p dial spark", "is not a protocol"},
                 {"p2p dial /a*b", "is not a protocol"},
                 {"p2p dial /", "is not a protocol"}});
}

TEST_CASE("content grants are read") {
  check_reads(
      {{"content publish|fetch", "content fetch | publish"},
       {"content fetch bafya", "content fetch ipfs://bafya"},
       {"content fetch /ipfs/bafya/a%20b//c/", "content fetch ipfs://bafya/a%20b/c"},
       {"content fetch ipfs://bafya/%61|fetch ipfs://bafya/a", "content fetch ipfs://bafya/a"},
       {"content fetch ipns://docs.example.com/a", "content fetch ipns://docs.example.com/a"},
       {"content fetch ipfs://* max=1024B", "content fetch ipfs://* max=1KiB"},
       {"content fetch max=1GiB", "content fetch max=1GiB"},
       {"content publish max=5B | publish ipns://k51a", "content publish max=5B | publish ipns://k51a"}});
  check_refuses({{"content read", "'read' is not a verb"},
                 {"content fetch ipfs://", "is not content"},
                 {"content fetch https://a.b/c", "is not content"},
                 {"content fetch ipfs://*/a", "path behind '*'"},
                 {"content fetch ipfs://bafya/../b", "a name in its path that is none"},
                 {"content fetch ipfs://bafya/%2e%2e", "a name in its path that is none"},
                 {"content fetch ipfs://bafya/a%2fb", "a name in its path that is none"},
                 {"content fetch bafya bafyb", "is a second place"},
                 {"content fetch max=1B max=2B", "is a second bound"},
                 {"content fetch |", "empty rule"},
                 {"content publish bafya", "write 'publish' alone"},
                 {"content publish ipns://k51a/b", "the whole name"},
                 {"content publish ipns://k51a max=1B", "a name has no size"}});
}

TEST_CASE("what can't be shown to a person is in no grant") {
  CHECK(read("") == "cannot read grant '': it is empty, as in 'files ./data:/data:rw'");
  CHECK(read(std::string_view("files ./a\0b", 11)).contains("it has the control character \\x00"));
  CHECK(read("env A=\x1b[2J").contains("control character \\x1b"));
  CHECK(read("files ./\u202Ea").contains("invisible character"));
  CHECK(read("files ./\xff").contains("not UTF-8"));
  CHECK(read("fils ./a")
            .starts_with("cannot read grant 'fils ./a': 'fils' is not a capability, did you mean 'files'"));
}

TEST_CASE("a grant holds those that open no more") {
  struct Pair {
    const char* outer;
    const char* inner;
  };
  for (Pair pair : {Pair{"files /srv:rw", "files /srv/a/b:/x:ro"},
                    Pair{"files /:/:rw", "files /srv:/srv:rw"},
                    Pair{"files /a:rw:quota=2B", "files /a:/a:rw:quota=1B"},
                    Pair{"files /a:rw:quota=2B", "files /a"},
                    Pair{"files /a:rw:files=2", "files /a:rw:quota=9B:files=2"},
                    Pair{"files @a:rw", "files @a:/x:rw:quota=9GiB"},
                    Pair{"files @a:/x:rw:quota=64MiB", "files @a:/x:rw"},
                    Pair{"files @*:rw", "files @a"},
                    Pair{"env *", "env A=b"},
                    Pair{"env A", "env A=b"},
                    Pair{"stdio in,out", "stdio out"},
                    Pair{"http.out https://*/*", "http.out GET https://a.b/c"},
                    Pair{"http.out https://a.b/v1/*", "http.out https://a.b/v1/x"},
                    Pair{"http.out GET,POST https://*.b/*", "http.out POST https://a.b/*"},
                    Pair{"http.out http://[10.0.0.0/8]/*", "http.out http://10.1.2.3/x"},
                    Pair{"socket.out tcp://*:*", "socket.out tcp://8.8.8.0/24:53"},
                    Pair{"socket.out tcp://10.0.0.0/8:1-100", "socket.out tcp://10.1.0.0/16:80"},
                    Pair{"socket.in tcp://*:*", "socket.in tcp://127.0.0.1:80"},
                    Pair{"dns *.com", "dns *.a.com"},
                    Pair{"keyvalue app-*", "keyvalue app-x:ro"},
                    Pair{"messaging publish a.>", "messaging publish a.*.c"},
                    Pair{"p2p dial /a/*", "p2p dial /a/1"},
                    Pair{"content fetch | publish", "content fetch"},
                    Pair{"content fetch", "content fetch ipns://a.b/c max=1B"},
                    Pair{"content fetch ipfs://*", "content fetch bafya/b"},
                    Pair{"content fetch bafya max=2B", "content fetch bafya/b max=2B"},
                    Pair{"content publish", "content publish max=9GiB"},
                    Pair{"content publish ipns://*", "content publish ipns://k51a"}}) {
    CAPTURE(pair.outer);
    CAPTURE(pair.inner);
    CHECK(holds_within(pair.outer, pair.inner));
  }
}

TEST_CASE("a grant doesn't hold those that open more, or something else") {
  struct Pair {
    const char* outer;
    const char* inner;
  };
  for (Pair pair : {Pair{"files /srv", "files /srv2:/x"},
                    Pair{"files /srv/a", "files /srv:/x"},
                    Pair{"files /a", "files /a:/a:rw"},
                    Pair{"files /a:/x", "files /a/b:/y"},
                    Pair{"files /a:rw:quota=1B", "files /a:/a:rw"},
                    Pair{"files /a:rw:quota=1B", "files /a:rw:files=1"},
                    Pair{"files /a:rw:quota=2B:files=1", "files /a:rw:quota=1B:files=2"},
                    Pair{"files /a", "files /a/../b:/b"},
                    Pair{"files a", "files /a"},
                    Pair{"files /", "files @a"},
                    Pair{"files .", "files @a"},
                    Pair{"files @*", "files /a"},
                    Pair{"files @*", "files ./@a"},
                    Pair{"files @a", "files @b"},
                    Pair{"files @a", "files @a:rw"},
                    Pair{"files @a:/x", "files @a:/x/y"},
                    Pair{"files @a:rw:quota=1MiB", "files @a:rw"},
                    Pair{"env A=b", "env A"},
                    Pair{"env A", "env B"},
                    Pair{"stdio in", "stdio in,out"},
                    Pair{"http.out https://a.b/*", "http.out http://a.b/*"},
                    Pair{"http.out https://*.b/*", "http.out https://b/*"},
                    Pair{"http.out GET https://a.b/*", "http.out https://a.b/*"},
                    Pair{"http.out https://a.b/v1", "http.out https://a.b/v1/*"},
                    Pair{"http.out http://*/*", "http.out http://127.0.0.1/*"},
                    Pair{"http.out http://*/*", "http.out http://localhost/*"},
                    Pair{"socket.out tcp://*:*", "socket.out tcp://10.0.0.0/8:80"},
                    Pair{"socket.out tcp://0.0.0.0/0:*", "socket.out tcp://127.0.0.1:80"},
                    Pair{"socket.out tcp://169.254.0.0/16:*", "socket.out tcp://169.254.169.254:80"},
                    Pair{"socket.out tcp://a.b:80", "socket.out udp://a.b:80"},
                    Pair{"dns *.com", "dns com"},
                    Pair{"dns *.com", "dns xcom"},
                    Pair{"keyvalue a:ro", "keyvalue a"},
                    Pair{"messaging publish a.*", "messaging publish a.>"},
                    Pair{"messaging publish a", "messaging subscribe a"},
                    Pair{"content fetch bafya/b", "content fetch bafya"},
                    Pair{"content fetch bafya", "content fetch bafyab"},
                    Pair{"content fetch bafya max=2B", "content fetch bafya"},
                    Pair{"content fetch bafya max=2B", "content fetch bafya max=3B"},
                    Pair{"content fetch ipfs://*", "content fetch ipns://a"},
                    Pair{"content fetch ipfs://*", "content fetch"},
                    Pair{"content publish", "content publish ipns://k51a"},
                    Pair{"content publish ipns://*", "content publish"},
                    Pair{"keyvalue a", "blobstore a"}}) {
    CAPTURE(pair.outer);
    CAPTURE(pair.inner);
    CHECK_FALSE(holds_within(pair.outer, pair.inner));
  }
}

TEST_CASE("any grant is read back from its text, and holds itself") {
  RandomGrants random(1);
  for (int i = 0; i < 20'000; ++i) {
    Role role = random.coin() ? Role::kAsker : Role::kOwner;
    std::string text = random.text(role);
    CAPTURE(text);
    auto grant = parse_grant(text, "here", role);
    REQUIRE(grant);
    CHECK(parse_grant(to_text(*grant), "here", role) == *grant);
    CHECK(contains(*grant, *grant));
  }
}
