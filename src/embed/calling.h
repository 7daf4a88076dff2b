// SPDX-License-Identifier: Apache-2.0
#pragma once
// One call's result, on its way to where the program wants it; or how the call ended instead.
//
// On the thread that calls.

#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "berth/instance.h"
#include "engine/guest.h"
#include "engine/live.h"

namespace berth::embed {

class Calling final : public engine::Caller {
 public:
  Calling(detail::Take take, void* to, detail::Resources& resources)
      : take_(take), to_(to), resources_(resources) {}

  /// Whether the instance was over before: what failed then is told of once more.
  void begin(bool over) {
    over_before_ = over;
  }
  void returned(std::span<const uint64_t> words) noexcept override {
    taken_ = take_(to_, detail::Reader(words, resources_));
  }
  void failed(engine::Outcome outcome) noexcept override {
    failed_ = std::move(outcome);
  }

  /// False when there was no memory for it.
  bool taken() const {
    return taken_;
  }
  const std::optional<engine::Outcome>& failure() const {
    return failed_;
  }
  bool over_before() const {
    return over_before_;
  }

 private:
  const detail::Take take_;
  void* const to_;
  detail::Resources& resources_;
  bool taken_ = false;
  bool over_before_ = false;
  std::optional<engine::Outcome> failed_;
};

}  // namespace berth::embed
