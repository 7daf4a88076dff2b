// SPDX-License-Identifier: Apache-2.0
#include "berth/type.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace berth {
namespace {

using Kind = Type::Kind;

constexpr std::array<std::string_view, 13> kPlain{"bool", "s8",  "u8",  "s16", "u16",  "s32",   "u32",
                                                  "s64",  "u64", "f32", "f64", "char", "string"};

std::string wit_of(const Type::Part& part) {
  return part.types.empty() ? "_" : to_wit(part.types.front());
}

/// A type that the program put together may lack some.
std::string part_wit(const Type& type, size_t part) {
  return part < type.parts.size() ? wit_of(type.parts[part]) : "_";
}

std::string name_of(const Type::Part& part) {
  return part.name.empty() ? "_" : part.name;
}

template <class F>
std::string listed(const std::vector<Type::Part>& parts, F&& each) {
  std::string text;
  for (const Type::Part& part : parts) {
    if (!text.empty()) text += ", ";
    text += each(part);
  }
  return text;
}

std::string named(const Type::Part& part) {
  return name_of(part) + ": " + wit_of(part);
}

std::string result_wit(const Type& type) {
  const auto has = [&](size_t part) { return part < type.parts.size() && !type.parts[part].types.empty(); };
  if (!has(1)) return has(0) ? "result<" + part_wit(type, 0) + ">" : "result";
  return "result<" + part_wit(type, 0) + ", " + part_wit(type, 1) + ">";
}

bool fits(const Type::Part& wanted, const Type::Part& found, bool by_name) {
  if (by_name && !wanted.name.empty() && wanted.name != found.name) return false;
  return std::ranges::equal(wanted.types, found.types,
                            [](const Type& left, const Type& right) { return berth::fits(left, right); });
}

bool fits(const std::vector<Type::Part>& wanted, const std::vector<Type::Part>& found, bool by_name) {
  return std::ranges::equal(wanted, found, [&](const Type::Part& left, const Type::Part& right) {
    return fits(left, right, by_name);
  });
}

}  // namespace

std::string to_wit(const Type& type) {
  const auto at = static_cast<size_t>(type.kind);
  if (at < kPlain.size()) return std::string(kPlain.at(at));
  const auto name_list = [&] { return listed(type.parts, name_of); };
  switch (type.kind) {
    case Kind::kList:
      return "list<" + part_wit(type, 0) + ">";
    case Kind::kArray:
      return "list<" + part_wit(type, 0) + ", " + std::to_string(type.length) + ">";
    case Kind::kMap:
      return "map<" + listed(type.parts, wit_of) + ">";
    case Kind::kOption:
      return "option<" + part_wit(type, 0) + ">";
    case Kind::kResult:
      return result_wit(type);
    case Kind::kTuple:
      return "tuple<" + listed(type.parts, wit_of) + ">";
    case Kind::kRecord:
      return "record { " + listed(type.parts, named) + " }";
    case Kind::kVariant:
      return "variant { " +
             listed(type.parts,
                    [](const Type::Part& part) {
                      return part.types.empty() ? name_of(part) : name_of(part) + "(" + wit_of(part) + ")";
                    }) +
             " }";
    case Kind::kEnum:
      return "enum { " + name_list() + " }";
    case Kind::kFlags:
      return "flags { " + name_list() + " }";
    case Kind::kOwn:
      return "own<" + (type.name.empty() ? "_" : type.name) + ">";
    case Kind::kBorrow:
      return "borrow<" + (type.name.empty() ? "_" : type.name) + ">";
    case Kind::kStream:
      return "stream<" + part_wit(type, 0) + ">";
    case Kind::kFuture:
      return part_wit(type, 0) == "_" ? "future" : "future<" + part_wit(type, 0) + ">";
    default:
      return type.name;
  }
}

std::string to_wit(const FunctionType& type) {
  std::string text =
      "func(" +
      listed(type.parameters,
             [](const Type::Part& part) { return part.name.empty() ? wit_of(part) : named(part); }) +
      ")";
  if (type.result) text += " -> " + to_wit(*type.result);
  return text;
}

bool fits(const Type& wanted, const Type& found) {
  if (wanted.kind == Kind::kOther || wanted.length != found.length || wanted.name != found.name) return false;
  const bool nameless =
      std::ranges::all_of(wanted.parts, [](const Type::Part& part) { return part.name.empty(); });
  const bool as_tuple = wanted.kind == Kind::kRecord && found.kind == Kind::kTuple && nameless;
  return (wanted.kind == found.kind || as_tuple) && fits(wanted.parts, found.parts, true);
}

bool fits(const FunctionType& wanted, const FunctionType& found) {
  if (wanted.result.has_value() != found.result.has_value()) return false;
  if (wanted.result && !fits(*wanted.result, *found.result)) return false;
  return fits(wanted.parameters, found.parameters, false);
}

}  // namespace berth
