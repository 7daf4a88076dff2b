// SPDX-License-Identifier: Apache-2.0
#include "registry/manifest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "policy/printable.h"
#include "registry/name.h"
#include "web/foreign_json.h"

namespace berth::registry {
namespace {

using nlohmann::json;

constexpr size_t kDeepest = 32;
constexpr size_t kMostEntries = 1000;
constexpr size_t kShown = 8;
constexpr uint64_t kMostSize = uint64_t{1} << 40;

constexpr std::array<std::string_view, 3> kModuleTypes{
    kWasmLayerType,
    "application/vnd.module.wasm.content.layer.v1+wasm",  // wasmCloud, WebAssembly Hub
    "application/vnd.wasm.content.layer.v1+wasm",         // Spin, wasm-to-oci
};
constexpr std::array<std::string_view, 2> kManifestTypes{
    kManifestType, "application/vnd.docker.distribution.manifest.v2+json"};
constexpr std::array<std::string_view, 2> kIndexTypes{
    kIndexType, "application/vnd.docker.distribution.manifest.list.v2+json"};

std::unexpected<Error> wrong(std::string_view why) {
  return fail(ErrorCode::kInvalidModule, fmt::format("its manifest {}", why));
}

std::map<std::string, std::string> annotations_of(const json& object) {
  std::map<std::string, std::string> all;
  const auto found = object.find("annotations");
  if (found == object.end() || !found->is_object()) return all;
  for (const auto& [key, value] : found->items()) {
    if (value.is_string() && all.size() < 100) all.emplace(key, value.get<std::string>());
  }
  return all;
}

Result<Descriptor> descriptor_of(const json& entry) {
  if (!entry.is_object()) return wrong("has an entry that is no descriptor");
  const auto digest = parse_digest(web::text_of(entry, "digest"));
  if (!digest) {
    return wrong(fmt::format("names an entry by '{}', which is no SHA-256 digest",
                             policy::printable(web::text_of(entry, "digest").substr(0, 80))));
  }
  const auto size = entry.find("size");
  if (size == entry.end() || !size->is_number_unsigned() || size->get<uint64_t>() > kMostSize)
    return wrong(fmt::format("gives no size for {}", digest->text()));
  Descriptor descriptor{.media_type = web::text_of(entry, "mediaType"),
                        .digest = *digest,
                        .size = size->get<uint64_t>(),
                        .annotations = annotations_of(entry)};
  if (const auto platform = entry.find("platform"); platform != entry.end() && platform->is_object()) {
    descriptor.os = web::text_of(*platform, "os");
    descriptor.architecture = web::text_of(*platform, "architecture");
  }
  return descriptor;
}

bool is_module(const Descriptor& layer) {
  return std::ranges::find(kModuleTypes, layer.media_type) != kModuleTypes.end();
}

/// For a person: what there is, one after the other.
std::string listed(const std::vector<Descriptor>& entries) {
  std::vector<std::string> shown;
  for (const Descriptor& entry : entries) {
    if (shown.size() == kShown) {
      shown.push_back(fmt::format("{} more", entries.size() - kShown));
      break;
    }
    const auto title = entry.annotations.find("org.opencontainers.image.title");
    shown.push_back(policy::printable(
        fmt::format("{} ({}{}{})", entry.digest.text(), entry.media_type.substr(0, 80),
                    entry.os.empty() ? "" : ", " + entry.os.substr(0, 20),
                    title == entry.annotations.end() ? "" : ", " + title->second.substr(0, 80))));
  }
  return fmt::format("{}", fmt::join(shown, ", "));
}

}  // namespace

Result<Manifest> parse_manifest(std::string_view text, std::string_view media_type) {
  if (text.size() > kMostManifest) return wrong(fmt::format("has {} bytes, more than are read", text.size()));
  if (!web::is_shallow(text, kDeepest)) return wrong(fmt::format("is nested deeper than {}", kDeepest));
  const json whole = json::parse(text, nullptr, false);
  if (!whole.is_object()) return wrong("is no JSON object");
  const std::string own = web::text_of(whole, "mediaType");
  const std::string type = own.empty() ? std::string(media_type.substr(0, media_type.find(';'))) : own;
  Manifest manifest;
  manifest.index = std::ranges::find(kIndexTypes, type) != kIndexTypes.end();
  if (!manifest.index && std::ranges::find(kManifestTypes, type) == kManifestTypes.end())
    return wrong(fmt::format("is of a kind that isn't known: '{}'", policy::printable(type.substr(0, 100))));
  const auto entries = whole.find(manifest.index ? "manifests" : "layers");
  if (entries == whole.end() || !entries->is_array()) return wrong("lists nothing");
  if (entries->size() > kMostEntries)
    return wrong(
        fmt::format("lists {} entries, more than the {} that are read", entries->size(), kMostEntries));
  for (const json& entry : *entries) manifest.entries.push_back(BERTH_TRY(descriptor_of(entry)));
  if (const auto config = whole.find("config"); config != whole.end() && config->is_object())
    if (auto descriptor = descriptor_of(*config)) manifest.config = *std::move(descriptor);
  manifest.annotations = annotations_of(whole);
  return manifest;
}

Result<Descriptor> module_layer(const Manifest& manifest, const std::optional<Digest>& wanted) {
  std::vector<Descriptor> modules;
  std::ranges::copy_if(manifest.entries, std::back_inserter(modules), is_module);
  if (wanted) {
    const auto found = std::ranges::find(manifest.entries, *wanted, &Descriptor::digest);
    if (found != manifest.entries.end()) return *found;
    return wrong(fmt::format("has no layer {}: it has {}", wanted->text(), listed(manifest.entries)));
  }
  if (modules.size() == 1) return modules.front();
  if (modules.empty()) {
    return wrong(fmt::format("has no WebAssembly module among its layers: {}",
                             manifest.entries.empty() ? "it has none" : listed(manifest.entries)));
  }
  return wrong(fmt::format("has {} modules: say which one by '#' and its digest behind the name: {}",
                           modules.size(), listed(modules)));
}

Result<Descriptor> wasm_entry(const Manifest& index) {
  std::vector<Descriptor> fitting;
  std::ranges::copy_if(index.entries, std::back_inserter(fitting), [](const Descriptor& entry) {
    return entry.architecture == "wasm" || entry.os.starts_with("wasi") || entry.os == "js";
  });
  if (fitting.empty() && index.entries.size() == 1) fitting = index.entries;
  if (fitting.size() == 1) return fitting.front();
  return wrong(
      fmt::format("lists {} for WebAssembly: {}",
                  fitting.empty() ? "no manifest" : "several manifests, say which one by '@' and its digest",
                  listed(fitting.empty() ? index.entries : fitting)));
}

Pushed write_manifest(const PushedModule& module) {
  json config = {{"architecture", "wasm"},
                 {"os", module.component ? "wasip2" : "wasip1"},
                 {"created", module.created},
                 {"layerDigests", {module.digest.text()}}};
  if (module.component)
    config["component"] = {{"imports", module.imports}, {"exports", module.exports}, {"target", nullptr}};
  Pushed pushed{.config = config.dump(), .manifest = {}};
  json manifest = {
      {"schemaVersion", 2},
      {"mediaType", kManifestType},
      {"config",
       {{"mediaType", kWasmConfigType},
        {"digest", sha256(pushed.config).text()},
        {"size", pushed.config.size()}}},
      {"layers", {{{"mediaType", kWasmLayerType}, {"digest", module.digest.text()}, {"size", module.size}}}}};
  if (!module.annotations.empty()) manifest["annotations"] = module.annotations;
  pushed.manifest = manifest.dump();
  return pushed;
}

std::optional<Config> read_config(std::string_view text) {
  const json whole = web::parse_shallow(text, kDeepest);
  if (!whole.is_object() || !web::text_of(whole, "os").starts_with("wasi")) return std::nullopt;
  const auto component = whole.find("component");
  if (component == whole.end() || !component->is_object()) return Config{.component = false};
  return Config{.component = true,
                .imports = web::texts_of(*component, "imports"),
                .exports = web::texts_of(*component, "exports")};
}

}  // namespace berth::registry
