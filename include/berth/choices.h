// SPDX-License-Identifier: Apache-2.0
#pragma once
// One of several, on its way to a module and back: option, result and variant. Included by codec.h.

#include <array>
#include <concepts>
#include <cstddef>
#include <expected>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "berth/described.h"
#include "berth/scalars.h"
#include "berth/type.h"
#include "berth/words.h"

namespace berth::detail {

template <class T>
struct Codec<std::optional<T>> {
  static Type type() {
    return {.kind = Type::Kind::kOption, .parts = {part(type_of<T>())}};
  }
  static void put(Writer& to, const std::optional<T>& value) {
    to.put(value ? 1 : 0);
    if (value) detail::put(to, *value);
  }
  static std::optional<T> take(Reader& from) {
    if (from.next() == 0) return std::nullopt;
    return detail::take<T>(from);
  }
};

template <class T, class E>
struct Codec<std::expected<T, E>> {
  static constexpr bool kEmptyError = std::same_as<E, std::monostate>;

  static Type type() {
    return {.kind = Type::Kind::kResult, .parts = {part_of<T>(), part_of<E>()}};
  }
  static void put(Writer& to, const std::expected<T, E>& value) {
    to.put(value ? 0 : 1);
    if (!value) {
      if constexpr (!kEmptyError) detail::put(to, value.error());
    } else if constexpr (!std::is_void_v<T>) {
      detail::put(to, *value);
    }
  }
  static std::expected<T, E> take(Reader& from) {
    if (from.next() != 0) {
      if constexpr (kEmptyError) {
        return std::unexpected(std::monostate());
      } else {
        return std::unexpected(detail::take<E>(from));
      }
    }
    if constexpr (std::is_void_v<T>) {
      return {};
    } else {
      return detail::take<T>(from);
    }
  }
};

template <class... T>
struct Codec<std::variant<T...>> {
  using Value = std::variant<T...>;

  static Type type() {
    return {.kind = Type::Kind::kVariant, .parts = {part_of<T>()...}};
  }
  static void put(Writer& to, const Value& value) {
    to.put(value.index());
    std::visit(
        [&]<class C>(const C& held) {
          if constexpr (!std::same_as<C, std::monostate>) detail::put(to, held);
        },
        value);
  }
  static Value take(Reader& from) {
    using Take = Value (*)(Reader&);
    static constexpr auto kTake = []<size_t... I>(std::index_sequence<I...>) {
      return std::array<Take, sizeof...(T)>{take_case<I>...};
    }(std::index_sequence_for<T...>());
    return kTake[static_cast<size_t>(from.next())](from);
  }

 private:
  template <size_t I>
  static Value take_case(Reader& from) {
    using C = std::variant_alternative_t<I, Value>;
    if constexpr (std::same_as<C, std::monostate>) {
      return Value(std::in_place_index<I>);
    } else {
      return Value(std::in_place_index<I>, detail::take<C>(from));
    }
  }
};

template <DescribedVariant T>
struct Codec<T> {
  using Base = typename T::variant;

  static Type type() {
    Type made = type_of<Base>();
    const auto names = names_of<T, std::variant_size_v<Base>>();
    for (size_t i = 0; i < names.size(); ++i) made.parts[i].name = names[i];
    return made;
  }
  static void put(Writer& to, const T& value) {
    Codec<Base>::put(to, value);
  }
  static T take(Reader& from) {
    return T{Codec<Base>::take(from)};
  }
};

}  // namespace berth::detail
