// SPDX-License-Identifier: Apache-2.0
#pragma once
// Numbers, characters and text on their way to a module and back: the first rows of the table in codec.h.
//
// What is in `detail` is for the templates alone.

#include <bit>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

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

/// Of a function that takes and gives these.
template <class R, class... A>
FunctionType function_type() {
  FunctionType made;
  (made.parameters.push_back(part(type_of<A>())), ...);
  if constexpr (!std::is_void_v<R>) made.result = type_of<R>();
  return made;
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

}  // namespace berth::detail
