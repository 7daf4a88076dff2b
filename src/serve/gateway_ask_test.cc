// SPDX-License-Identifier: Apache-2.0
#include "serve/gateway_ask.h"

#include <doctest/doctest.h>

using namespace berth;
using namespace berth::serve;
using Form = GatewayAsk::Form;

namespace {

const std::string kRoot = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy";

std::string path(const std::string& more) {
  return "/ipfs/" + kRoot + more;
}

std::expected<GatewayAsk, GatewayRefusal> asked(const std::string& target, const std::string& accept = "") {
  return read_gateway_ask({.method = "GET", .target = target, .accept = accept});
}

uint16_t refused(const std::string& target, const std::string& accept = "") {
  const auto ask = asked(target, accept);
  return ask ? 0 : ask.error().status;
}

}  // namespace

TEST_CASE("the form is what the query says, or else what the header says") {
  CHECK(asked(path("?format=raw"))->form == Form::kRaw);
  CHECK(asked(path("?format=car"), "application/vnd.ipld.raw")->form == Form::kCar);
  CHECK(asked(path(""), "application/vnd.ipld.raw")->form == Form::kRaw);
  CHECK(asked(path(""), "text/html, application/vnd.ipld.car;q=0.5")->form == Form::kFile);
  CHECK(asked(path(""), "text/html;q=0.2, application/vnd.ipld.car;q=0.5")->form == Form::kCar);
  CHECK(asked(path(""), "*/*")->form == Form::kFile);
  CHECK(asked(path(""))->form == Form::kFile);
  CHECK(refused(path("?format=tar")) == 400);
  CHECK(refused(path(""), "application/vnd.ipld.dag-json") == 406);
  CHECK(refused(path(""), "application/vnd.ipld.car;version=2") == 400);
  CHECK(asked(path(""), "application/vnd.ipld.car;version=2, */*")->form == Form::kFile);
  CHECK(asked(path(""), "application/vnd.ipld.car;version=2, application/vnd.ipld.raw")->form == Form::kRaw);
  CHECK(asked(path(""), "text/html, application/vnd.ipld.raw")->form == Form::kRaw);
  CHECK(asked(path(""), "*/*, application/vnd.ipld.car")->form == Form::kCar);
  CHECK(asked(path(""), "application/json, application/vnd.ipld.raw;q=0.1")->form == Form::kRaw);
  CHECK(refused(path("?format=ipns-record")) == 400);
}

TEST_CASE("what of a CAR is wanted stands in the query or in the header") {
  const auto plain = asked(path("?format=car"));
  CHECK(plain->selection.scope == content::Scope::kAll);
  CHECK(!plain->selection.duplicates);
  CHECK(plain->ordered);
  const auto both = asked(path("?format=car"), "application/vnd.ipld.car; version=1; order=unk; dups=y");
  CHECK(both->selection.duplicates);
  CHECK(!both->ordered);
  CHECK(!asked(path("?format=car&car-dups=n"), "application/vnd.ipld.car;dups=y")->selection.duplicates);
  CHECK(asked(path("?format=car&dag-scope=block"))->selection.scope == content::Scope::kBlock);
  const auto range = asked(path("?format=car&entity-bytes=-5:*"));
  CHECK(range->selection.scope == content::Scope::kEntity);
  CHECK(range->selection.range->from == -5);
  CHECK(!range->selection.range->to);
  CHECK_FALSE(asked(path("?format=car&dag-scope=all&entity-bytes=0:5"))->selection.range);
  CHECK_FALSE(asked(path("?format=car&dag-scope=block&entity-bytes=0:5"))->selection.range);
  for (const char* const wrong : {"dag-scope=some", "entity-bytes=5", "entity-bytes=9:5", "entity-bytes=*:5",
                                  "car-version=2", "car-order=bfs", "car-dups=x"})
    CHECK_MESSAGE(refused(path("?format=car&" + std::string(wrong))) == 400, wrong);
}

TEST_CASE("paths are names in percents, and no others") {
  const auto ask = asked(path("/a%20b//c%2Fd?filename=x"));
  REQUIRE(ask);
  CHECK(ask->path.root.text() == kRoot);
  CHECK(ask->path.names == std::vector<std::string>{"a b", "c/d"});
  CHECK(ask->filename == "x");
  CHECK(refused(path("/%zz")) == 400);
  CHECK(refused(path("/%2")) == 400);
  CHECK(refused(path("/%00")) == 400);
  CHECK(refused(path("?a=%")) == 400);
  CHECK(refused("/ipfs/") == 400);
  CHECK(refused("/ipfs/nonsense") == 400);
  CHECK(refused("/") == 404);
  CHECK(refused("/ipfs") == 404);
  std::string deep;
  for (int i = 0; i < 300; ++i) deep += "/a";
  CHECK(refused(path(deep)) == 400);
  CHECK(asked("/ipns/k51/a")->name == "k51");
}

TEST_CASE("nothing is taken but GET and HEAD") {
  CHECK(read_gateway_ask({.method = "HEAD", .target = path("")})->head);
  CHECK(read_gateway_ask({.method = "PUT", .target = path("")}).error().status == 405);
}

TEST_CASE("a copy that is the same is told by its tag") {
  CHECK(etag_matches("\"a\"", "\"a\""));
  CHECK(etag_matches("\"b\", W/\"a\"", "\"a\""));
  CHECK(etag_matches("\"a\"", "W/\"a\""));
  CHECK(etag_matches("*", "\"a\""));
  CHECK(!etag_matches("\"aa\"", "\"a\""));
  CHECK(!etag_matches("", "\"a\""));
}

TEST_CASE("one range of bytes is given, several are given as all") {
  const auto span = [](std::string_view range) {
    const auto found = byte_range(range, 100);
    REQUIRE(found);
    REQUIRE(found->satisfiable);
    return std::pair(found->span.offset, found->span.length);
  };
  CHECK(span("bytes=0-0") == std::pair<uint64_t, uint64_t>(0, 1));
  CHECK(span("bytes=90-") == std::pair<uint64_t, uint64_t>(90, 10));
  CHECK(span("bytes=90-1000") == std::pair<uint64_t, uint64_t>(90, 10));
  CHECK(span("bytes=-5") == std::pair<uint64_t, uint64_t>(95, 5));
  CHECK(span("bytes=-500") == std::pair<uint64_t, uint64_t>(0, 100));
  CHECK(!byte_range("bytes=100-", 100)->satisfiable);
  CHECK(!byte_range("bytes=-0", 100)->satisfiable);
  CHECK(!byte_range("bytes=0-", 0)->satisfiable);
  for (const char* const other :
       {"", "bytes=", "bytes=-", "bytes=5-1", "bytes=a-b", "bytes=0-1,3-4", "items=0-1"})
    CHECK_MESSAGE(!byte_range(other, 100), other);
}

TEST_CASE("a file's name is no way into a header") {
  CHECK(disposition("attachment", "a.bin") == "attachment; filename=\"a.bin\"");
  CHECK(disposition("inline", "") == "inline");
  CHECK(disposition("attachment", "te\xd1\x82.x") ==
        "attachment; filename=\"te_.x\"; filename*=UTF-8''te%D1%82.x");
  CHECK(disposition("attachment", "a\"\r\nb") ==
        "attachment; filename=\"a___b\"; filename*=UTF-8''a%22%0D%0Ab");
}
