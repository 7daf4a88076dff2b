// SPDX-License-Identifier: Apache-2.0
#pragma once
// Lists and maps on their way to a module and back. What lies in one piece is never touched element by
// element.
//
// What is in `detail` is for the templates alone.

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "berth/scalars.h"

namespace berth::detail {

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

}  // namespace berth::detail
