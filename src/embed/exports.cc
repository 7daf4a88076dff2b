// SPDX-License-Identifier: Apache-2.0
#include "embed/exports.h"

#include <fmt/format.h>

namespace berth::embed {
namespace {

/// Spellings of its functions that are remembered; a program has one for each.
constexpr size_t kMostRemembered = 1024;

Result<Exported> look_up(const engine::Module& module, std::string_view module_name, std::string_view name) {
  auto found = engine::Export::find(module, name);
  if (!found) {
    Error error = std::move(found).error();
    if (error.code == ErrorCode::kNotFound && error.message == name) {
      error.message = fmt::format("'{}' exports no function '{}': Module::functions() lists what it exports",
                                  module_name, name);
    }
    return std::unexpected(std::move(error));
  }
  Described described = BERTH_TRY(read_description(found->description()));
  return Exported{.function = std::move(*found), .described = std::move(described)};
}

}  // namespace

Result<std::shared_ptr<const Exported>> Exports::find(const engine::Module& module,
                                                      std::string_view module_name, std::string_view name) {
  {
    const std::lock_guard lock(mutex_);
    const auto known = found_.find(name);
    if (known != found_.end()) return known->second;
  }
  auto made = std::make_shared<const Exported>(BERTH_TRY(look_up(module, module_name, name)));
  const std::lock_guard lock(mutex_);
  if (found_.size() < kMostRemembered) found_.emplace(name, made);
  return made;
}

}  // namespace berth::embed
