// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a description (describe.h) makes of a C++ type on its way to a module and back: names of parts, and an
// enum class that is an enum or flags. Included by codec.h.

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "berth/describe.h"
#include "berth/scalars.h"
#include "berth/type.h"
#include "berth/words.h"

namespace berth::detail {

template <class T>
concept DescribedEnum = std::is_enum_v<T> && requires { Describe<T>::kEnum; };
template <class T>
concept DescribedFlags = std::is_enum_v<T> && requires { Describe<T>::kFlags; };
template <class T>
concept DescribedVariant = requires { Describe<T>::kVariant; };

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
