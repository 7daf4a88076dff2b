// SPDX-License-Identifier: Apache-2.0
#include "host/loader.h"

#include <fmt/format.h>

#include "engine/hashes.h"

namespace berth::host {
namespace {

std::unexpected<Error> named(const registry::ModuleFile& file, const Error& error) {
  return fail(error.code, fmt::format("'{}': {}", file.name, error.message));
}

}  // namespace

engine::CompileLimits compile_limits(const policy::Limits& limits) {
  engine::CompileLimits chosen;
  chosen.memory_bytes = limits.compile_memory_bytes.value_or(chosen.memory_bytes);
  chosen.cpu_time = limits.compile_time.value_or(chosen.cpu_time);
  return chosen;
}

std::optional<Loaded> Loader::find(const std::string& name, const std::string& hash,
                                   engine::EngineKind kind) const {
  auto found = cache_->find(engine_, kind, hash);
  if (!found) return std::nullopt;
  return Loaded{.name = name, .module = std::move(found->module), .digest = found->digest};
}

Result<Loaded> Loader::load(const registry::Located& located, engine::EngineKind kind, uint64_t guards_off,
                            const std::function<void(const registry::ModuleFile&)>& compiling) const {
  if (cache_ != nullptr) {
    // What is wrong with the file is found when it is read whole.
    const auto hash = engine::content_hash_of_file(located.path);
    auto found = hash ? find(located.name, *hash, kind) : std::nullopt;
    if (found && found->digest == located.digest.value_or(found->digest)) return *std::move(found);
  }
  return load_compiling(BERTH_TRY(registry::read_located(located)), kind, guards_off, compiling);
}

Result<Loaded> Loader::load(const registry::ModuleFile& file, engine::EngineKind kind, uint64_t guards_off,
                            const std::function<void(const registry::ModuleFile&)>& compiling) const {
  if (cache_ != nullptr) {
    auto found = find(file.name, engine::content_hash(file.bytes), kind);
    if (found) return *std::move(found);
  }
  return load_compiling(file, kind, guards_off, compiling);
}

Result<Loaded> Loader::load_compiling(
    const registry::ModuleFile& file, engine::EngineKind kind, uint64_t guards_off,
    const std::function<void(const registry::ModuleFile&)>& compiling) const {
  compiling(file);
  const LoadedImage compiled = BERTH_TRY(compile_only(file, kind, guards_off));
  auto module = engine_.open(kind, compiled.image);
  if (!module) return named(file, module.error());
  keep(file, kind, compiled);
  return Loaded{.name = file.name, .module = std::move(*module), .digest = compiled.digest};
}

Result<LoadedImage> Loader::compile(const registry::Located& located, engine::EngineKind kind,
                                    uint64_t guards_off) const {
  return compile(BERTH_TRY(registry::read_located(located)), kind, guards_off);
}

Result<LoadedImage> Loader::compile(const registry::ModuleFile& file, engine::EngineKind kind,
                                    uint64_t guards_off) const {
  LoadedImage compiled = BERTH_TRY(compile_only(file, kind, guards_off));
  keep(file, kind, compiled);
  return compiled;
}

Result<LoadedImage> Loader::compile_only(const registry::ModuleFile& file, engine::EngineKind kind,
                                         uint64_t guards_off) const {
  auto image = compiler_ != nullptr ? compiler_->compile(kind, file.bytes, guards_off)
                                    : engine::compile(kind, file.bytes, guards_off);
  if (!image) return named(file, image.error());
  return LoadedImage{.name = file.name, .image = *std::move(image), .digest = file.digest()};
}

void Loader::keep(const registry::ModuleFile& file, engine::EngineKind kind,
                  const LoadedImage& compiled) const {
  if (cache_ == nullptr) return;
  // The module runs without being kept, only slower the next time.
  std::ignore = cache_->keep(engine_, kind, file.bytes, compiled.digest, compiled.image);
}

}  // namespace berth::host
