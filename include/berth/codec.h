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
// | own, borrow | berth::Own<T>, berth::Borrow<T> (resource.h) |
// | stream<T>, future<T> | berth::Stream<T>, berth::Future<T> (stream.h, future.h) |
//
// What is in `detail` is for the templates alone.

#include <boost/pfr/core.hpp>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "berth/choices.h"
#include "berth/described.h"
#include "berth/lists.h"
#include "berth/scalars.h"
#include "berth/type.h"
#include "berth/words.h"

namespace berth::detail {

template <class T>
concept Plain = std::is_aggregate_v<T> && std::is_class_v<T> && !DescribedVariant<T>;

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

}  // namespace berth::detail
