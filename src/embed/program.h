// SPDX-License-Identifier: Apache-2.0
#pragma once
// A program's functions as one instance has them: found for what its module imports, and called by their
// numbers, with all that they do wrong kept from the engine.

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "berth/imports.h"
#include "embed/description.h"
#include "engine/live.h"

namespace berth::embed {

using HostFunctions = std::vector<std::shared_ptr<const detail::HostFunction>>;

/// The functions for a module's imports, in their order. kInvalidArgument with all that are missing or have
/// other types.
Result<HostFunctions> find_imports(const Imports& given, std::span<const Described> wanted,
                                   std::string_view module);

/// Of one instance: one call at a time.
class Program final : public engine::Program {
 public:
  explicit Program(HostFunctions functions) : functions_(std::move(functions)) {}

  bool call(size_t function, std::span<const uint64_t> words, Answer& answer) noexcept override;
  void release() noexcept override;

 private:
  const HostFunctions functions_;
  detail::Reply reply_;
  std::string failure_;
};

}  // namespace berth::embed
