// SPDX-License-Identifier: Apache-2.0
#pragma once
// From a module's file to a compiled module: from the cache of compiled images, or by compiling. A module of
// the store has to have the bytes that it is kept under: that is checked before anything reads them.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/compiler.h"
#include "engine/engine.h"
#include "engine/image_cache.h"
#include "policy/limits.h"
#include "registry/module_file.h"
#include "registry/origin.h"

namespace berth::host {

struct Loaded {
  std::string name;  // what a person calls it: the file's, without its folder
  std::unique_ptr<engine::Module> module;
  Digest digest;
};

/// How much a module may take of the compiler.
engine::CompileLimits compile_limits(const policy::Limits& limits);

/// A compiled module that isn't opened.
struct LoadedImage {
  std::string name;
  engine::Image image;
  Digest digest;
};

class Loader {
 public:
  /// What is handed in outlives this. Without a cache every module is compiled; without a compiler that
  /// happens in this process, which a hostile module can harm then.
  Loader(const engine::Engine& engine, engine::ImageCache* cache, const engine::Compiler* compiler)
      : engine_(engine), cache_(cache), compiler_(compiler) {}

  /// Blocks; `compiling` is called first when the module isn't in the cache. Errors name the file.
  Result<Loaded> load(const registry::Located& module, engine::EngineKind kind, uint64_t guards_off,
                      const std::function<void(const registry::ModuleFile&)>& compiling) const;

  /// The same of bytes that were read before.
  Result<Loaded> load(const registry::ModuleFile& file, engine::EngineKind kind, uint64_t guards_off,
                      const std::function<void(const registry::ModuleFile&)>& compiling) const;

  /// Always compiles, and keeps the image in the cache.
  Result<LoadedImage> compile(const registry::Located& module, engine::EngineKind kind,
                              uint64_t guards_off) const;
  Result<LoadedImage> compile(const registry::ModuleFile& file, engine::EngineKind kind,
                              uint64_t guards_off) const;

 private:
  std::optional<Loaded> find(const std::string& name, const std::string& hash, engine::EngineKind kind) const;
  Result<Loaded> load_compiling(const registry::ModuleFile& file, engine::EngineKind kind,
                                uint64_t guards_off,
                                const std::function<void(const registry::ModuleFile&)>& compiling) const;
  Result<LoadedImage> compile_only(const registry::ModuleFile& file, engine::EngineKind kind,
                                   uint64_t guards_off) const;
  void keep(const registry::ModuleFile& file, engine::EngineKind kind, const LoadedImage& compiled) const;

  const engine::Engine& engine_;
  engine::ImageCache* const cache_;
  const engine::Compiler* const compiler_;
};

}  // namespace berth::host
