// SPDX-License-Identifier: Apache-2.0
#include "host/loader.h"

#include <fmt/format.h>

namespace berth::host {

Result<std::unique_ptr<engine::Module>> Loader::load(const registry::ModuleFile& file,
                                                     engine::EngineKind kind,
                                                     const std::function<void()>& compiling) const {
  if (cache_ != nullptr) {
    if (auto module = cache_->find(engine_, kind, file.digest)) return module;
  }
  compiling();
  auto module = engine_.compile(kind, file.bytes);
  if (!module) {
    return fail(module.error().code, fmt::format("'{}': {}", file.name, module.error().message));
  }
  if (cache_ != nullptr) {
    // The module runs without being kept, only slower the next time.
    std::ignore = cache_->keep(engine_, kind, file.digest, **module);
  }
  return module;
}

}  // namespace berth::host
