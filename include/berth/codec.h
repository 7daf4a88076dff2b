// SPDX-License-Identifier: Apache-2.0
#pragma once
// How C++ values cross to a module and back: as words of 64 bits, in the order of their WIT type. What lies
// in one piece (text, numbers) crosses by its address and is copied once.
//
// | WIT | C++ |
// |---|---|
// | bool, s8 … u64, f32, f64, char | bool, int8_t … uint64_t, float, double, char32_t |
// | string | std::string; as a parameter also std::string_view, const char* |
// | list<T> | std::vector<T>; as a parameter also std::span<const T> |
// | list<T, N> | std::array<T, N> |
// | map<K, V> | std::map<K, V> |
// | option<T> | std::optional<T> |
// | result<T, E> | std::expected<T, E>; void for no value, std::monostate for no error |
// | tuple<…> | std::tuple<…>, std::pair |
// | record | an aggregate: its fields in order (Boost.PFR) |
// | variant | std::variant<…>, std::monostate for a case without a value |
// | enum, flags | an enum class with its description (describe.h) |
//
// What is in `detail` is for the templates alone.

#include <array>
#include <boost/pfr/core.hpp>
#include <concepts>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "berth/describe.h"
#include "berth/lists.h"
#include "berth/scalars.h"
#include "berth/type.h"
#include "berth/words.h"

namespace berth::detail {

template <class T>
concept DescribedEnum = std::is_enum_v<T> && requires { Describe<T>::kEnum; };
template <class T>
concept DescribedFlags = std::is_enum_v<T> && requires { Describe<T>::kFlags; };
template <class T>
concept DescribedRecord = requires { Describe<T>::kRecord; };
template <class T>
concept DescribedVariant = requires { Describe<T>::kVariant; };
template <class T>
concept Plain = std::is_aggregate_v<T> && std::is_class_v<T> && !DescribedVariant<T>;

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
struct Codec<std::tuple<T...>> {
  static Type type() {
    return {.kind = Type::Kind::kTuple, .parts = {part(type_of<T>())...}};
  }
  static void put(Writer& to, const std::tuple<T...>& value) {
    std::apply([&](const T&... fields) { (detail::put(to, fields), ...); }, value);
  }
  static std::tuple<T...> take(Reader& from) {
    return {detail::take<T>(from)...};  // in this order: braces
  }
};
template <class A, class B>
struct Codec<std::pair<A, B>> {
  static Type type() {
    return type_of<std::tuple<A, B>>();
  }
  static void put(Writer& to, const std::pair<A, B>& value) {
    detail::put(to, value.first);
    detail::put(to, value.second);
  }
  static std::pair<A, B> take(Reader& from) {
    return {detail::take<A>(from), detail::take<B>(from)};
  }
};

/// Names where the type is described, as many as it has parts.
template <class T, size_t kParts>
std::vector<std::string> names_of() {
  if constexpr (requires { Describe<T>::kCount; }) {
    static_assert(Describe<T>::kCount == kParts,
                  "the description has another number of names than the type has parts");
    return Describe<T>::names();
  } else {
    return std::vector<std::string>(kParts);
  }
}

template <Plain T>
struct Codec<T> {
  static constexpr size_t kFields = boost::pfr::tuple_size_v<T>;
  template <size_t I>
  using Field = boost::pfr::tuple_element_t<I, T>;

  static Type type() {
    Type made{.kind = Type::Kind::kRecord};
    const auto names = names_of<T, kFields>();
    each([&]<size_t I>() { made.parts.push_back(part(type_of<Field<I>>(), names[I])); });
    return made;
  }
  static void put(Writer& to, const T& value) {
    each([&]<size_t I>() { detail::put(to, boost::pfr::get<I>(value)); });
  }
  static T take(Reader& from) {
    return take(from, std::make_index_sequence<kFields>());
  }

 private:
  template <class F>
  static void each(F&& what) {
    [&]<size_t... I>(std::index_sequence<I...>) {
      (what.template operator()<I>(), ...);
    }(std::make_index_sequence<kFields>());
  }
  template <size_t... I>
  static T take(Reader& from, std::index_sequence<I...>) {
    return T{detail::take<Field<I>>(from)...};
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

/// A type whose parts are the names that describe it.
template <class T>
Type names_alone(Type::Kind kind) {
  Type made{.kind = kind};
  for (std::string& name : Describe<T>::names()) made.parts.push_back({.name = std::move(name), .types = {}});
  return made;
}

template <DescribedEnum T>
struct Codec<T> {
  static Type type() {
    return names_alone<T>(Type::Kind::kEnum);
  }
  static void put(Writer& to, T value) {
    to.put(static_cast<uint64_t>(value));
  }
  static T take(Reader& from) {
    return static_cast<T>(from.next());
  }
};

template <DescribedFlags T>
struct Codec<T> {
  static Type type() {
    return names_alone<T>(Type::Kind::kFlags);
  }
  static void put(Writer& to, T value) {
    to.put(static_cast<uint64_t>(static_cast<std::make_unsigned_t<std::underlying_type_t<T>>>(value)));
  }
  static T take(Reader& from) {
    return static_cast<T>(from.next());
  }
};

}  // namespace berth::detail
