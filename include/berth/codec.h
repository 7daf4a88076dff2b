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
#include <bit>
#include <boost/pfr/core.hpp>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "berth/describe.h"
#include "berth/type.h"
#include "berth/words.h"

namespace berth::detail {

/// `Codec<T>`: `type()`, `put(writer, value)` and, for types that can be received, `take(reader)`.
template <class T>
struct Codec;

template <class T>
Type type_of() {
  return Codec<std::remove_cvref_t<T>>::type();
}

template <class T>
void put(Writer& to, const T& value) {
  Codec<std::remove_cvref_t<T>>::put(to, value);
}

template <class T>
T take(Reader& from) {
  return Codec<T>::take(from);
}

inline Type::Part part(Type type, std::string name = "") {
  Type::Part made{.name = std::move(name), .types = {}};
  made.types.push_back(std::move(type));
  return made;
}

/// Nothing stands for "no value".
template <class T>
Type::Part part_of(std::string name = "") {
  if constexpr (std::is_void_v<T> || std::same_as<T, std::monostate>) {
    return {.name = std::move(name), .types = {}};
  } else {
    return part(type_of<T>(), std::move(name));
  }
}

template <class T>
consteval Type::Kind number_kind() {
  using Kind = Type::Kind;
  if constexpr (std::same_as<T, float>) return Kind::kF32;
  if constexpr (std::same_as<T, double>) return Kind::kF64;
  constexpr bool kSigned = std::is_signed_v<T>;
  switch (sizeof(T)) {
    case 1:
      return kSigned ? Kind::kS8 : Kind::kU8;
    case 2:
      return kSigned ? Kind::kS16 : Kind::kU16;
    case 4:
      return kSigned ? Kind::kS32 : Kind::kU32;
    default:
      return kSigned ? Kind::kS64 : Kind::kU64;
  }
}

template <class T>
concept Integer =
    std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
    !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;
template <class T>
concept Number = Integer<T> || std::same_as<T, float> || std::same_as<T, double>;
/// Such elements lie for C++ as they lie for a module.
template <class T>
concept InOnePiece = Number<T> || std::same_as<T, char32_t>;

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

template <>
struct Codec<bool> {
  static Type type() {
    return {.kind = Type::Kind::kBool};
  }
  static void put(Writer& to, bool value) {
    to.put(value ? 1 : 0);
  }
  static bool take(Reader& from) {
    return from.next() != 0;
  }
};

template <Number T>
struct Codec<T> {
  static Type type() {
    return {.kind = number_kind<T>()};
  }
  static void put(Writer& to, T value) {
    if constexpr (std::same_as<T, float>) {
      to.put(std::bit_cast<uint32_t>(value));
    } else if constexpr (std::same_as<T, double>) {
      to.put(std::bit_cast<uint64_t>(value));
    } else {
      to.put(static_cast<uint64_t>(value));
    }
  }
  static T take(Reader& from) {
    if constexpr (std::same_as<T, float>) {
      return std::bit_cast<float>(static_cast<uint32_t>(from.next()));
    } else if constexpr (std::same_as<T, double>) {
      return std::bit_cast<double>(from.next());
    } else {
      return static_cast<T>(from.next());
    }
  }
};

template <>
struct Codec<char32_t> {
  static Type type() {
    return {.kind = Type::Kind::kChar};
  }
  static void put(Writer& to, char32_t value) {
    to.put(value);
  }
  static char32_t take(Reader& from) {
    return static_cast<char32_t>(from.next());
  }
};

template <>
struct Codec<std::string_view> {
  static Type type() {
    return {.kind = Type::Kind::kString};
  }
  static void put(Writer& to, std::string_view value) {
    to.put(value.data(), value.size());
  }
};
template <>
struct Codec<const char*> : Codec<std::string_view> {};
template <size_t N>
struct Codec<char[N]> : Codec<std::string_view> {};
template <>
struct Codec<std::string> : Codec<std::string_view> {
  static std::string take(Reader& from) {
    const auto letters = from.piece<char>();
    return {letters.data(), letters.size()};
  }
};

template <class T>
struct Codec<std::span<const T>> {
  static Type type() {
    return {.kind = Type::Kind::kList, .parts = {part(type_of<T>())}};
  }
  static void put(Writer& to, std::span<const T> values) {
    if constexpr (InOnePiece<T> || std::same_as<T, bool>) {
      to.put(values.data(), values.size());
    } else {
      to.put(values.size());
      for (const T& value : values) detail::put(to, value);
    }
  }
};
template <class T>
struct Codec<std::vector<T>> : Codec<std::span<const T>> {
  static std::vector<T> take(Reader& from) {
    if constexpr (InOnePiece<T>) {
      const auto values = from.piece<T>();
      return {values.begin(), values.end()};
    } else {
      std::vector<T> values;
      const auto count = static_cast<size_t>(from.next());
      values.reserve(count);
      for (size_t i = 0; i < count; ++i) values.push_back(detail::take<T>(from));
      return values;
    }
  }
};
/// Its elements have no addresses.
template <>
struct Codec<std::vector<bool>> {
  static Type type() {
    return {.kind = Type::Kind::kList, .parts = {part(type_of<bool>())}};
  }
  static void put(Writer& to, const std::vector<bool>& values) {
    uint8_t* const bytes = to.keep(values.size());
    std::copy(values.begin(), values.end(), bytes);
    to.put(bytes, values.size());
  }
  static std::vector<bool> take(Reader& from) {
    std::vector<bool> values;
    for (const uint8_t value : from.piece<uint8_t>()) values.push_back(value != 0);
    return values;
  }
};

template <class T, size_t N>
struct Codec<std::array<T, N>> {
  static Type type() {
    return {.kind = Type::Kind::kArray, .parts = {part(type_of<T>())}, .length = N};
  }
  static void put(Writer& to, const std::array<T, N>& values) {
    for (const T& value : values) detail::put(to, value);
  }
  static std::array<T, N> take(Reader& from) {
    std::array<T, N> values;
    for (T& value : values) value = detail::take<T>(from);
    return values;
  }
};

template <class K, class V>
struct Codec<std::map<K, V>> {
  static Type type() {
    return {.kind = Type::Kind::kMap, .parts = {part(type_of<K>()), part(type_of<V>())}};
  }
  static void put(Writer& to, const std::map<K, V>& values) {
    to.put(values.size());
    for (const auto& [key, value] : values) {
      detail::put(to, key);
      detail::put(to, value);
    }
  }
  static std::map<K, V> take(Reader& from) {
    std::map<K, V> values;
    for (auto left = from.next(); left > 0; --left) {
      K key = detail::take<K>(from);
      values.insert_or_assign(std::move(key), detail::take<V>(from));
    }
    return values;
  }
};

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
