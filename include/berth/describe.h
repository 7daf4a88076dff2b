// SPDX-License-Identifier: Apache-2.0
#pragma once
// What C++ doesn't say of its own types, in one line each:
//
//   enum class Colour { kRed, kGreen };
//   template <> struct berth::Describe<Colour> : berth::Enum<"red", "green"> {};
//
//   enum class Access : uint8_t { kNone = 0, kRead = 1, kWrite = 2 };
//   template <> struct berth::Describe<Access> : berth::Flags<"read", "write"> {};
//
//   struct Point { float x, y; };  // a record as it is; with names they have to be the same as in WIT
//   template <> struct berth::Describe<Point> : berth::Record<"x", "y"> {};
//
//   struct Counter;  // a resource of modules, held as berth::Own<Counter>
//   template <> struct berth::Describe<Counter> : berth::Resource<"shop:price/counters.counter"> {};
//
// A std::variant is a variant as it is, std::monostate a case without a value. `Variant<"circle", "square">`
// gives the names of a type that is derived from one.

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace berth {

/// A text that is part of a type.
template <size_t N>
struct Name {
  consteval Name(const char (&text)[N]) {  // NOLINT(google-explicit-constructor): it is written as a text
    std::copy_n(text, N, letters);
  }
  char letters[N] = {};
};

template <Name... kNames>
struct Names {
  static std::vector<std::string> names() {
    return {std::string(kNames.letters)...};
  }
  static constexpr size_t kCount = sizeof...(kNames);
};

template <Name... kNames>
struct Record : Names<kNames...> {};
template <Name... kNames>
struct Variant : Names<kNames...> {
  static constexpr bool kVariant = true;
};
template <Name... kNames>
struct Enum : Names<kNames...> {
  static constexpr bool kEnum = true;
};
template <Name... kNames>
struct Flags : Names<kNames...> {
  static_assert(sizeof...(kNames) <= 64, "64 flags fit one value");
  static constexpr bool kFlags = true;
};

/// The name is that of `Imports::function`: with the interface, which may go without its version and its
/// package.
template <Name kName>
struct Resource {
  static constexpr bool kResource = true;
  static std::string name() {
    return kName.letters;
  }
};

/// To be specialised for a program's own types.
template <class T>
struct Describe {};

}  // namespace berth
