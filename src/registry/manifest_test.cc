// SPDX-License-Identifier: Apache-2.0
#include "registry/manifest.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <random>

namespace berth::registry {
namespace {

const std::string kOne = sha256("one").text();
const std::string kTwo = sha256("two").text();

std::string layer(std::string_view type, const std::string& digest, std::string_view more = "") {
  return fmt::format(R"({{"mediaType":"{}","digest":"{}","size":3{}}})", type, digest, more);
}

std::string manifest(const std::string& layers) {
  return fmt::format(R"({{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":"{}"}},"layers":[{}]}})",
                     kManifestType, kWasmConfigType, layers);
}

std::string chosen(const std::string& text, const std::optional<Digest>& wanted = {}) {
  const auto parsed = parse_manifest(text, "");
  const auto found = parsed ? module_layer(*parsed, wanted) : std::unexpected(parsed.error());
  return found ? found->digest.text() : found.error().message;
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the one layer that is a module is chosen, whichever tool wrote it") {
  for (const std::string_view type : {"application/wasm", "application/vnd.module.wasm.content.layer.v1+wasm",
                                      "application/vnd.wasm.content.layer.v1+wasm"}) {
    CHECK(chosen(manifest(layer(type, kOne))) == kOne);
    CHECK(chosen(manifest(layer("text/plain", kTwo) + "," + layer(type, kOne))) == kOne);
  }
}

TEST_CASE("of several modules one has to be named, and all are listed") {
  const std::string two = manifest(
      layer("application/wasm", kOne, R"(,"annotations":{"org.opencontainers.image.title":"a.wasm"})") + "," +
      layer("application/wasm", kTwo));
  const std::string said = chosen(two);
  CHECK(holds(said, kOne));
  CHECK(holds(said, kTwo));
  CHECK(holds(said, "a.wasm"));
  CHECK(chosen(two, sha256("two")) == kTwo);
  CHECK(holds(chosen(two, sha256("three")), "has no layer"));
}

TEST_CASE("an artifact without a module says what it has") {
  CHECK(holds(chosen(manifest(layer("application/vnd.oci.image.layer.v1.tar+gzip", kOne))), "tar+gzip"));
  CHECK(holds(chosen(manifest("")), "it has none"));
}

TEST_CASE("a manifest that is none, or too much, is refused with its reason") {
  std::string many;
  for (int i = 0; i < 1001; ++i) many += (i == 0 ? "" : ",") + layer("application/wasm", kOne);
  CHECK(holds(chosen(""), "no JSON object"));
  CHECK(holds(chosen("[]"), "no JSON object"));
  CHECK(holds(chosen("{}"), "isn't known"));
  CHECK(holds(chosen(manifest("1")), "no descriptor"));
  CHECK(holds(chosen(manifest(layer("application/wasm", "sha256:../../etc/passwd"))), "no SHA-256 digest"));
  CHECK(holds(chosen(manifest(layer("application/wasm", "sha512:00"))), "no SHA-256 digest"));
  CHECK(holds(chosen(manifest(R"({"digest":")" + kOne + R"(","size":-1})")), "no size"));
  CHECK(holds(chosen(manifest(many)), "1001 entries"));
  CHECK(holds(chosen(std::string(5 << 20, ' ')), "more than are read"));
  CHECK(holds(chosen(std::string(100000, '[')), "nested deeper"));
  CHECK_FALSE(holds(chosen(manifest(layer("\\u001b[31mred", kOne))), "\x1b"));
}

TEST_CASE("of an index the manifest for WebAssembly is taken") {
  const auto index = [](const std::string& entries) {
    return parse_manifest(fmt::format(R"({{"mediaType":"{}","manifests":[{}]}})", kIndexType, entries), "")
        .value();
  };
  const std::string other =
      layer(kManifestType, kOne, R"(,"platform":{"os":"other","architecture":"amd64"})");
  const std::string wasm = layer(kManifestType, kTwo, R"(,"platform":{"os":"wasip2","architecture":"wasm"})");
  CHECK(wasm_entry(index(other + "," + wasm))->digest.text() == kTwo);
  CHECK(holds(wasm_entry(index(wasm + "," + wasm)).error().message, "several"));
  CHECK(holds(wasm_entry(index(other + "," + other)).error().message, "no manifest"));
}

TEST_CASE("what is pushed is read back") {
  const Pushed pushed = write_manifest({.component = true,
                                        .digest = sha256("one"),
                                        .size = 3,
                                        .created = "2026-11-22T13:00:00Z",
                                        .imports = {"a:b/c"},
                                        .exports = {},
                                        .annotations = {{"k", "v"}}});
  const auto parsed = parse_manifest(pushed.manifest, kManifestType);
  REQUIRE(parsed);
  REQUIRE(parsed->config);
  CHECK(parsed->config->media_type == kWasmConfigType);
  CHECK(parsed->annotations.at("k") == "v");
  CHECK(chosen(pushed.manifest) == kOne);
}

TEST_CASE("whatever comes, reading it ends") {
  std::mt19937 random(8);
  const std::string good = manifest(layer("application/wasm", kOne));
  for (int i = 0; i < 5000; ++i) {
    std::string text = good;
    for (int changes = 0; changes < 3; ++changes) text[random() % text.size()] = static_cast<char>(random());
    static_cast<void>(chosen(text));
  }
}

}  // namespace berth::registry
