// SPDX-License-Identifier: Apache-2.0
#pragma once
// An artifact's manifest as registries keep it: which of its layers is the module. From the OCI image
// specification 1.1 and the wasm artifact layout of CNCF's TAG Runtime; layers of wasmCloud and Spin are
// known by their media types.
//
// A manifest comes from a server that nobody trusts: its size, depth and the number of its entries are
// bounded, and nothing in it is ever a path. Pure; any thread.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"

namespace berth::registry {

inline constexpr std::string_view kManifestType = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kIndexType = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kWasmConfigType = "application/vnd.wasm.config.v0+json";
inline constexpr std::string_view kWasmLayerType = "application/wasm";

/// What a manifest may have in bytes.
inline constexpr uint64_t kMostManifest = 4 << 20;

struct Descriptor {
  std::string media_type;
  Digest digest;
  uint64_t size = 0;
  std::map<std::string, std::string> annotations;
  std::string os;            // of an index's entry: "wasip1", "wasip2"
  std::string architecture;  // "wasm"
};

struct Manifest {
  bool index = false;  // a list of manifests, one a platform
  std::optional<Descriptor> config;
  std::vector<Descriptor> entries;  // layers, or manifests
  std::map<std::string, std::string> annotations;
};

/// kInvalidModule says what is wrong with it. `media_type` is what the server calls it.
Result<Manifest> parse_manifest(std::string_view json, std::string_view media_type);

/// The one layer that is a module, or the one with that digest. kInvalidModule lists what there is.
Result<Descriptor> module_layer(const Manifest& manifest, const std::optional<Digest>& wanted);

/// The one manifest of an index that is for WebAssembly. kInvalidModule lists what there is.
Result<Descriptor> wasm_entry(const Manifest& index);

/// What is pushed: texts of JSON, whose digests are their names.
struct Pushed {
  std::string config;
  std::string manifest;
};

struct PushedModule {
  bool component = true;
  Digest digest;
  uint64_t size = 0;
  std::string created;  // "2026-11-22T13:00:00Z"
  std::vector<std::string> imports;
  std::vector<std::string> exports;
  std::map<std::string, std::string> annotations;
};

/// The annotation that has a module's token, so that who looks for a signer needn't have the module.
inline constexpr std::string_view kTokenAnnotation = "berth.token";

Pushed write_manifest(const PushedModule& module);

/// What a config of that layout says of its module: nobody has held it against the module's bytes.
struct Config {
  bool component = true;
  std::vector<std::string> imports = {};
  std::vector<std::string> exports = {};
};

/// Nothing where it is no such config.
std::optional<Config> read_config(std::string_view json);

}  // namespace berth::registry
