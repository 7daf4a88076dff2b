// SPDX-License-Identifier: Apache-2.0
#pragma once
// What goes through a stream or a future whose type is known at run time. Bytes of a stream have a channel of
// bytes, all else one of values.

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "berth/channel_of.h"
#include "berth/type.h"
#include "berth/value.h"

namespace berth::embed {

/// What goes through, if it has a type.
std::optional<Type> element_of(const Type& type);
/// Whether it is a stream of bytes.
bool is_of_bytes(const Type& type);

class ValueChannel final : public detail::ChannelOf<Value> {
 public:
  /// For a stream or a future.
  static std::shared_ptr<detail::Channel> of(const Type& type);

  explicit ValueChannel(std::optional<Type> element) : element_(std::move(element)) {}

 private:
  void encode(detail::Writer& to, const std::vector<Value>& values) override;
  std::vector<Value> decode(detail::Reader from) override;

  const std::optional<Type> element_;
};

}  // namespace berth::embed
