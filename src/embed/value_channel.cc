// SPDX-License-Identifier: Apache-2.0
#include "embed/value_channel.h"

#include <stdexcept>

#include "embed/value_words.h"

namespace berth::embed {
namespace {

Type list_of(const Type& element) {
  return {.kind = Type::Kind::kList, .parts = {{.name = "", .types = {element}}}};
}

/// What such a list lies in is kept by its words.
bool in_one_piece(const Type& type) {
  return type.kind <= Type::Kind::kChar;
}

}  // namespace

std::optional<Type> element_of(const Type& type) {
  const auto& types = type.parts.at(0).types;
  return types.empty() ? std::nullopt : std::optional(types.front());
}

bool is_of_bytes(const Type& type) {
  const auto element = element_of(type);
  return type.kind == Type::Kind::kStream && element && element->kind == Type::Kind::kU8;
}

std::shared_ptr<detail::Channel> ValueChannel::of(const Type& type) {
  if (is_of_bytes(type)) return std::make_shared<detail::ChannelOf<uint8_t>>();
  return std::make_shared<ValueChannel>(element_of(type));
}

// Whoever wrote them has looked whether they are of this type.

void ValueChannel::encode(detail::Writer& to, const std::vector<Value>& values) {
  const auto put = [&](const Value& value, const Type& type) {
    if (auto written = embed::put(to, value, type); !written)
      throw std::invalid_argument(written.error().message);
  };
  if (element_ && in_one_piece(*element_)) return put(Value::list(values), list_of(*element_));
  to.put(values.size());
  if (!element_) return;
  for (const Value& value : values) put(value, *element_);
}

std::vector<Value> ValueChannel::decode(detail::Reader from) {
  if (!element_) return std::vector<Value>(static_cast<size_t>(from.next()));
  const auto list = ValueReader(from).take(list_of(*element_));
  if (!list) throw std::invalid_argument(list.error().message);
  if (const auto* const bytes = list->get<Value::Bytes>()) return {bytes->begin(), bytes->end()};
  return list->get<Value::List>()->values;
}

}  // namespace berth::embed
