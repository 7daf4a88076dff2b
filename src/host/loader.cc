// SPDX-License-Identifier: Apache-2.0
#include "host/loader.h"

#include <fmt/format.h>

#include "engine/hashes.h"

namespace berth::host {

Result<Loaded> Loader::load(const std::string& path, engine::EngineKind kind, uint64_t guards_off,
                            const std::function<void(const registry::ModuleFile&)>& compiling) const {
  if (cache_ != nullptr) {
    // What is wrong with the file is found when it is read whole.
    const auto hash = engine::content_hash_of_file(path);
    if (auto found = hash ? cache_->find(engine_, kind, *hash) : std::nullopt) {
      return Loaded{
          .name = registry::module_name(path), .module = std::move(found->module), .digest = found->digest};
    }
  }
  const registry::ModuleFile file = BERTH_TRY(registry::read_module(path));
  compiling(file);
  const auto named = [&](const Error& error) {
    return fail(error.code, fmt::format("'{}': {}", file.name, error.message));
  };
  const auto image = compiler_ != nullptr ? compiler_->compile(kind, file.bytes, guards_off)
                                          : engine::compile(kind, file.bytes, guards_off);
  if (!image) return named(image.error());
  auto module = engine_.open(kind, *image);
  if (!module) return named(module.error());
  Loaded loaded{.name = file.name, .module = std::move(*module), .digest = file.digest()};
  if (cache_ != nullptr) {
    // The module runs without being kept, only slower the next time.
    std::ignore = cache_->keep(engine_, kind, file.bytes, loaded.digest, *image);
  }
  return loaded;
}

}  // namespace berth::host
