// SPDX-License-Identifier: Apache-2.0
#pragma once
// The types of WIT as values: what a C++ type stands for, and what a module's function has.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace berth {

struct Type {
  enum class Kind {
    kBool,
    kS8,
    kU8,
    kS16,
    kU16,
    kS32,
    kU32,
    kS64,
    kU64,
    kF32,
    kF64,
    kChar,
    kString,
    kList,     // one part
    kArray,    // one part, `length` times: list<T, N>
    kMap,      // key, value
    kOption,   // one part
    kResult,   // ok, error: each may be without a type
    kTuple,    // its fields, without names
    kRecord,   // its fields
    kVariant,  // its cases: each may be without a type
    kEnum,     // its cases, names alone
    kFlags,    // names alone
    kOwn,      // a resource that is handed over
    kBorrow,   // and one that is lent
    kStream,   // one part
    kFuture,   // one part, which may be without a type
    kOther,    // what has no values here
  };

  struct Part {
    std::string name{};         // "" where it has none, or a C++ type says none
    std::vector<Type> types{};  // one, or none

    bool operator==(const Part&) const = default;
  };

  Kind kind = Kind::kOther;
  std::vector<Part> parts{};
  uint32_t length = 0;  // of kArray
  std::string name{};   // of kOther: how WIT has it; of kOwn and kBorrow: the resource's, with its interface
  const void* resource = nullptr;  // of kOwn and kBorrow, where a C++ type says it: which class

  bool operator==(const Type&) const = default;
};

/// A function's parameters and, where it gives one, its result.
struct FunctionType {
  std::vector<Type::Part> parameters{};
  std::optional<Type> result{};

  bool operator==(const FunctionType&) const = default;
};

/// As WIT writes it: `record { x: f32, y: f32 }`. Where names aren't known, `_` stands for them.
std::string to_wit(const Type& type);
/// `func(a: s32, b: s32) -> s32`.
std::string to_wit(const FunctionType& type);

/// Whether values of `wanted` are those of `found`: the same, but that names which `wanted` doesn't know may
/// be any, and that a record without names may be a tuple.
bool fits(const Type& wanted, const Type& found);
bool fits(const FunctionType& wanted, const FunctionType& found);

}  // namespace berth
