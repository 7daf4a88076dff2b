// SPDX-License-Identifier: Apache-2.0
#include "embed/description.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace berth::embed {
namespace {

using Kind = Type::Kind;
using nlohmann::json;

constexpr std::array<std::pair<std::string_view, Kind>, 13> kPlain{{{"bool", Kind::kBool},
                                                                    {"s8", Kind::kS8},
                                                                    {"u8", Kind::kU8},
                                                                    {"s16", Kind::kS16},
                                                                    {"u16", Kind::kU16},
                                                                    {"s32", Kind::kS32},
                                                                    {"u32", Kind::kU32},
                                                                    {"s64", Kind::kS64},
                                                                    {"u64", Kind::kU64},
                                                                    {"f32", Kind::kF32},
                                                                    {"f64", Kind::kF64},
                                                                    {"char", Kind::kChar},
                                                                    {"string", Kind::kString}}};

Type read(const json& value);

Type::Part part(const json& type, std::string name = "") {
  Type::Part made{.name = std::move(name), .types = {}};
  if (!type.is_null()) made.types.push_back(read(type));
  return made;
}

/// [[name, type], …]
std::vector<Type::Part> named_parts(const json& list) {
  std::vector<Type::Part> parts;
  for (const json& item : list) parts.push_back(part(item.at(1), item.at(0).get<std::string>()));
  return parts;
}

std::vector<Type::Part> parts_of(const json& list) {
  std::vector<Type::Part> parts;
  for (const json& item : list) parts.push_back(part(item));
  return parts;
}

std::vector<Type::Part> names(const json& list) {
  std::vector<Type::Part> parts;
  for (const json& item : list) parts.push_back({.name = item.get<std::string>(), .types = {}});
  return parts;
}

Type read(const json& value) {
  if (value.is_string()) {
    const auto name = value.get<std::string>();
    for (const auto& [text, kind] : kPlain) {
      if (text == name) return {.kind = kind};
    }
    return {.kind = Kind::kOther, .name = name};
  }
  const auto& [kind, inner] = *value.get_ref<const json::object_t&>().begin();
  if (kind == "list") return {.kind = Kind::kList, .parts = {part(inner)}};
  if (kind == "array") {
    return {.kind = Kind::kArray, .parts = {part(inner.at(0))}, .length = inner.at(1).get<uint32_t>()};
  }
  if (kind == "map") return {.kind = Kind::kMap, .parts = parts_of(inner)};
  if (kind == "option") return {.kind = Kind::kOption, .parts = {part(inner)}};
  if (kind == "result") return {.kind = Kind::kResult, .parts = parts_of(inner)};
  if (kind == "tuple") return {.kind = Kind::kTuple, .parts = parts_of(inner)};
  if (kind == "record") return {.kind = Kind::kRecord, .parts = named_parts(inner)};
  if (kind == "variant") return {.kind = Kind::kVariant, .parts = named_parts(inner)};
  if (kind == "enum") return {.kind = Kind::kEnum, .parts = names(inner)};
  if (kind == "flags") return {.kind = Kind::kFlags, .parts = names(inner)};
  if (kind == "future") return {.kind = Kind::kFuture, .parts = {part(inner)}};
  // A stream of nothing has no values.
  if (kind == "stream" && inner.is_null()) return {.kind = Kind::kOther, .name = "stream"};
  if (kind == "stream") return {.kind = Kind::kStream, .parts = {part(inner)}};
  if (kind == "own") return {.kind = Kind::kOwn, .name = inner.get<std::string>()};
  if (kind == "borrow") return {.kind = Kind::kBorrow, .name = inner.get<std::string>()};
  return {.kind = Kind::kOther, .name = kind + "<" + inner.get<std::string>() + ">"};
}

Described described(const json& value) {
  Described described{.name = value.at("name").get<std::string>(),
                      .type = {.parameters = named_parts(value.at("params")), .result = std::nullopt},
                      .async = value.at("async").get<bool>()};
  if (!value.at("result").is_null()) described.type.result = read(value.at("result"));
  return described;
}

std::unexpected<Error> no_description(const json::exception& error) {
  return fail(ErrorCode::kInternal, std::string("the engine's description of a function: ") + error.what());
}

}  // namespace

Result<Described> read_description(std::string_view text) try {
  return described(json::parse(text));
} catch (const json::exception& error) {
  return no_description(error);
}

Result<Wanted> read_imports(const std::string& text) try {
  Wanted wanted;
  for (const json& value : json::parse(text)) {
    if (const auto resource = value.find("resource"); resource != value.end()) {
      wanted.resources.push_back(resource->get<std::string>());
    } else {
      wanted.functions.push_back(described(value));
    }
  }
  return wanted;
} catch (const json::exception& error) {
  return no_description(error);
}

}  // namespace berth::embed
