// SPDX-License-Identifier: Apache-2.0
#pragma once
// From a module's bytes to a compiled module: from the cache of compiled images, or by compiling.

#include <functional>
#include <memory>

#include "engine/engine.h"
#include "engine/image_cache.h"
#include "registry/module_file.h"

namespace berth::host {

class Loader {
 public:
  /// `engine` outlives this, as does `cache`, which may be none.
  Loader(const engine::Engine& engine, engine::ImageCache* cache) : engine_(engine), cache_(cache) {}

  /// Blocks; `compiling` is called first when the module isn't in the cache. Errors name the file.
  Result<std::unique_ptr<engine::Module>> load(const registry::ModuleFile& file, engine::EngineKind kind,
                                               const std::function<void()>& compiling) const;

 private:
  const engine::Engine& engine_;
  engine::ImageCache* const cache_;
};

}  // namespace berth::host
