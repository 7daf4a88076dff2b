// SPDX-License-Identifier: Apache-2.0
#pragma once
// A program's functions as one instance has them: found for what its module imports, and called by their
// numbers, with all that they do wrong kept from the engine.

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "berth/imports.h"
#include "embed/description.h"
#include "embed/streams.h"
#include "engine/live.h"

namespace berth::embed {

using HostFunctions = std::vector<std::shared_ptr<const detail::HostFunction>>;

/// Classes, with the names of their resources as the program wrote them.
using ResourceNames = std::vector<std::pair<const void*, std::string>>;

/// The functions for a module's imports, in their order. kInvalidArgument with all that are missing or have
/// other types.
Result<HostFunctions> find_imports(const Imports& given, const Wanted& wanted, std::string_view module);

/// Gives the resources in a C++ type the names that they have in the module's type beside which it is held.
void name_resources(FunctionType& type, const FunctionType& beside, const ResourceNames& names);

/// Whether all its values may be a `Value`: what WIT has no values for isn't there, and resources are the
/// module's.
bool has_values(const FunctionType& type, const ResourceNames& of_program);

/// Whether a stream or a future is among its types.
bool has_streams(const FunctionType& type);

/// Of one instance: one call at a time.
class Program final : public engine::Program {
 public:
  Program(HostFunctions functions, ResourceNames names)
      : functions_(std::move(functions)),
        names_(std::move(names)),
        answers_later_(
            std::ranges::any_of(functions_, [](const auto& function) { return function->answers_later(); })),
        has_streams_(std::ranges::any_of(
            functions_, [](const auto& function) { return embed::has_streams(function->type()); })) {}

  bool call(size_t function, std::span<const uint64_t> words, Answer& answer) noexcept override;
  bool collect(Answer& answer) noexcept override;
  bool answers_later() const noexcept override {
    return answers_later_;
  }
  const engine::Waiter& waiter() const noexcept override {
    return *waiter_;
  }
  std::unique_ptr<Begun> begin(size_t function, std::span<const uint64_t> words,
                               std::unique_ptr<engine::Waiter> waiter) noexcept override;
  std::unique_ptr<engine::Sink> sink(uint64_t word, std::unique_ptr<engine::Waiter> waiter) noexcept override;
  std::unique_ptr<engine::Source> source(uint64_t word,
                                         std::unique_ptr<engine::Waiter> waiter) noexcept override;
  void release() noexcept override;
  void drop(uint32_t resource) noexcept override;

  detail::Resources& resources() {
    return resources_;
  }
  const ResourceNames& names() const {
    return names_;
  }
  Streams& streams() {
    return streams_;
  }

 private:
  class BegunCall;

  /// Whom a function that is called now may not wait for; null where it could wait for nothing.
  const detail::Resources* waits() const {
    return has_streams_ || streams_.any() ? &resources_ : nullptr;
  }

  const HostFunctions functions_;
  const ResourceNames names_;
  const bool answers_later_;
  const bool has_streams_;  // among the types of its functions
  Streams streams_;
  /// Kept by the answers that are still to come, too.
  const std::shared_ptr<engine::Waiter> waiter_ = std::make_shared<engine::Waiter>();
  std::shared_ptr<detail::Pending> pending_;
  size_t called_ = 0;
  detail::Resources resources_;
  detail::Reply reply_{resources_};
  std::string failure_;
};

}  // namespace berth::embed
