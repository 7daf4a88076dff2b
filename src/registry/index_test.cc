// SPDX-License-Identifier: Apache-2.0
#include "registry/index.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/testing.h"

namespace berth::registry {
namespace {

struct Fixture {
  TestFolder folder;
  Store store = Store::open(folder.at("store")).value();
  int described = 0;

  /// A module that exports and imports these, under this name. Its bytes are its facts.
  void add(const std::string& name, const Facts& facts, bool yanked = false) {
    const std::string bytes = write_facts(facts);
    const Blob blob = store.keep(bytes).value();
    REQUIRE(store.put(
        {.name = name, .manifest = {}, .module = sha256(bytes), .size = bytes.size(), .yanked = yanked}));
  }

  std::vector<std::string> found(const Query& query) {
    const auto index = Index::open(store).value();
    REQUIRE(index->bring_up_to_date([&](std::string_view bytes) {
      ++described;
      return read_facts(bytes).value();
    }));
    std::vector<std::string> names;
    const std::vector<Record> records = index->search(query).value();
    for (const Record& record : records) names.push_back(record.name.substr(8));
    return names;
  }
  std::vector<std::string> exporting(const std::string& interface) {
    return found({.exports = {parse_wanted(interface).value()}});
  }
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE_FIXTURE(Fixture, "modules are found by parts of their names and by tags") {
  add("oci://h/shop/price:1.2.0", {.exports = {"a"}});
  add("oci://h/shop/price:1.10.0", {.exports = {"b"}});
  add("oci://h/shop/price:2.0.0", {.exports = {"c"}});
  add("oci://h/shop/pr%ce:1.0.0-rc.1", {.exports = {"d"}});
  CHECK(found({.words = {"price"}}) == Names{"shop/price:2.0.0", "shop/price:1.10.0", "shop/price:1.2.0"});
  CHECK(found({.words = {"shop", "1.10"}}) == Names{"shop/price:1.10.0"});
  CHECK(found({.words = {"r_c"}}).empty());
  CHECK(found({.words = {}, .tag = "^1.2"}) == Names{"shop/price:1.10.0", "shop/price:1.2.0"});
  CHECK(found({.words = {}, .tag = "2.0.0"}) == Names{"shop/price:2.0.0"});
}

TEST_CASE_FIXTURE(Fixture, "an interface is met by versions that stand for the wanted one") {
  add("oci://h/a:1", {.exports = {"shop:price/rule@1.2.0"}});
  add("oci://h/b:1", {.exports = {"shop:price/rule@1.3.0", "wasi:http/incoming-handler@0.2.3"}});
  add("oci://h/c:1", {.exports = {"shop:price/rule@2.0.0"}});
  add("oci://h/d:1", {.imports = {"shop:price/rule@1.3.0"}});
  CHECK(exporting("shop:price/rule") == Names{"a:1", "b:1", "c:1"});
  CHECK(exporting("shop:price/rule@^1") == Names{"a:1", "b:1"});
  CHECK(exporting("shop:price/rule@1.3") == Names{"b:1"});
  CHECK(exporting("wasi:http/incoming-handler@0.2") == Names{"b:1"});
  CHECK(found({.imports = {parse_wanted("shop:price/rule").value()}}) == Names{"d:1"});
}

TEST_CASE_FIXTURE(Fixture, "modules that need nothing else are found, and those that can't be read aren't") {
  add("oci://h/none:1", {.exports = {"a"}});
  add("oci://h/out:1", {.needs = {"http.out"}});
  add("oci://h/both:1", {.needs = {"files", "http.out"}});
  add("oci://h/broken:1", {.wrong = "no module"});
  CHECK(found({.needs_only = Names{}}) == Names{"none:1"});
  CHECK(found({.needs_only = Names{"http.out"}}) == Names{"none:1", "out:1"});
}

TEST_CASE_FIXTURE(Fixture,
                  "modules are found by who signed them, and by whose word about that one is in it") {
  add("oci://h/unsigned:1", {.exports = {"a"}});
  add("oci://h/shop:1", {.signer = Signer{.account = "ASHOP", .operator_key = "OTRUST", .grants = {}}});
  add("oci://h/other:1", {.signer = Signer{.account = "AOTHER", .operator_key = "", .grants = {}}});
  CHECK(found({.signer = "ASHOP"}) == Names{"shop:1"});
  CHECK(found({.signer = "OTRUST"}) == Names{"shop:1"});
  CHECK(found({.signer = "AOTHER"}) == Names{"other:1"});
  CHECK(found({.signer = "A"}).empty());
}

TEST_CASE_FIXTURE(Fixture, "what a token vouches for says whether a module needs no more than a grant") {
  const auto out = [&](const char* name, std::optional<Signer> signer) {
    add(name, {.needs = {"http.out"}, .signer = std::move(signer)});
  };
  const auto vouching = [](std::vector<std::string> grants) {
    return Signer{.account = "A", .operator_key = "", .grants = std::move(grants)};
  };
  out("oci://h/within:1", vouching({"http.out https://api.example.com:443/v1/*", "files *:/data:rw"}));
  out("oci://h/beyond:1", vouching({"http.out https://*.example.com:443/*"}));
  out("oci://h/unsigned:1", std::nullopt);
  out("oci://h/nothing:1", vouching({}));
  add("oci://h/none:1", {.exports = {"a"}});
  Query query{.needs_only = Names{"http.out"}};
  CHECK(found(query) == Names{"beyond:1", "none:1", "nothing:1", "unsigned:1", "within:1"});
  query.within = {policy::parse_grant("http.out https://api.example.com/*", "test").value()};
  CHECK(found(query) == Names{"none:1", "nothing:1", "within:1"});
}

TEST_CASE_FIXTURE(Fixture, "what an earlier berth wrote down of a module is read again") {
  add("oci://h/a:1", {.exports = {"x:y/a"}});
  CHECK(exporting("x:y/a") == Names{"a:1"});
  const Digest module = store.records().value().front().module;
  std::ofstream(store.facts_path(module))
      << R"({"component":true,"imports":[],"exports":["old"],"needs":[]})";
  std::filesystem::remove(store.folder() + "/index.db");
  CHECK(exporting("x:y/a") == Names{"a:1"});
  CHECK(described == 2);
}

TEST_CASE_FIXTURE(Fixture, "the index follows the store: what comes, changes and goes") {
  add("oci://h/a:1", {.exports = {"x:y/a"}});
  CHECK(exporting("x:y/a") == Names{"a:1"});
  CHECK(exporting("x:y/a") == Names{"a:1"});
  CHECK(described == 1);
  add("oci://h/a:1", {.exports = {"x:y/b"}});
  CHECK(exporting("x:y/a").empty());
  CHECK(exporting("x:y/b") == Names{"a:1"});
  add("oci://h/a:1", {.exports = {"x:y/b"}}, true);
  CHECK(exporting("x:y/b").empty());
  REQUIRE(store.remove("oci://h/a:1"));
  CHECK(found({.yanked = true}).empty());
}

TEST_CASE_FIXTURE(Fixture, "an index that is spoilt is made anew from the files") {
  add("oci://h/a:1", {.exports = {"x:y/a"}});
  CHECK(exporting("x:y/a") == Names{"a:1"});
  std::ofstream(store.folder() + "/index.db") << std::string(100'000, 'x');
  CHECK(exporting("x:y/a") == Names{"a:1"});
  std::filesystem::remove(store.folder() + "/index.db");
  CHECK(exporting("x:y/a") == Names{"a:1"});
}

}  // namespace berth::registry
