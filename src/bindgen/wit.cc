// SPDX-License-Identifier: Apache-2.0
#include "bindgen/wit.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace berth::bindgen {
namespace {

using nlohmann::json;

constexpr std::pair<const char*, Ref::Kind> kShapes[] = {
    {"list", Ref::Kind::kList},     {"array", Ref::Kind::kArray},   {"map", Ref::Kind::kMap},
    {"option", Ref::Kind::kOption}, {"result", Ref::Kind::kResult}, {"tuple", Ref::Kind::kTuple},
    {"own", Ref::Kind::kOwn},       {"borrow", Ref::Kind::kBorrow}, {"stream", Ref::Kind::kStream},
    {"future", Ref::Kind::kFuture},
};

std::optional<Ref> read_ref(const json& text);

Ref read_shape(const json& shape) {
  const auto only = shape.begin();
  const std::string& key = only.key();
  const json& value = only.value();
  if (key == "named") {
    Ref ref{.kind = Ref::Kind::kNamed, .name = value.at(1)};
    if (!value.at(0).is_null()) ref.interface = value.at(0).get<size_t>();
    return ref;
  }
  const auto* const known = std::ranges::find(kShapes, key, [](const auto& entry) { return entry.first; });
  if (known == std::end(kShapes)) throw std::invalid_argument("a type of an unknown kind: " + key);
  Ref ref{.kind = known->second};
  switch (ref.kind) {
    case Ref::Kind::kArray:
      ref.parts = {read_ref(value.at(0))};
      ref.length = value.at(1);
      break;
    case Ref::Kind::kMap:
    case Ref::Kind::kResult:
    case Ref::Kind::kTuple:
      for (const json& part : value) ref.parts.push_back(read_ref(part));
      break;
    default:
      ref.parts = {read_ref(value)};
  }
  return ref;
}

std::optional<Ref> read_ref(const json& text) {
  if (text.is_null()) return std::nullopt;
  if (text.is_string()) return Ref{.kind = Ref::Kind::kPlain, .name = text};
  return read_shape(text);
}

Definition read_definition(const json& text) {
  Definition made{.name = text.at("name"), .docs = text.at("docs")};
  const auto parts = [&](const char* key, Definition::Kind kind, bool typed) {
    if (!text.contains(key)) return;
    made.kind = kind;
    for (const json& part : text.at(key)) {
      made.parts.push_back({.name = part.at(0),
                            .type = typed ? read_ref(part.at(1)) : std::nullopt,
                            .docs = part.at(typed ? 2 : 1)});
    }
  };
  parts("record", Definition::Kind::kRecord, true);
  parts("variant", Definition::Kind::kVariant, true);
  parts("enum", Definition::Kind::kEnum, false);
  parts("flags", Definition::Kind::kFlags, false);
  if (text.contains("resource")) made.kind = Definition::Kind::kResource;
  if (text.contains("alias")) made.alias = read_ref(text.at("alias"));
  return made;
}

Function read_function(const json& text) {
  Function made{.name = text.at("name"), .docs = text.at("docs"), .async = text.at("async")};
  for (const json& part : text.at("params")) {
    made.parameters.push_back({.name = part.at(0), .type = read_ref(part.at(1)), .docs = ""});
  }
  made.result = read_ref(text.at("result"));
  return made;
}

template <class T>
std::vector<T> read_all(const json& list, T (*read)(const json&)) {
  std::vector<T> all;
  for (const json& one : list) all.push_back(read(one));
  return all;
}

Interface read_interface(const json& text) {
  return {.name = text.at("name"),
          .docs = text.at("docs"),
          .imported = text.at("imported"),
          .exported = text.at("exported"),
          .types = read_all(text.at("types"), read_definition),
          .functions = read_all(text.at("functions"), read_function)};
}

}  // namespace

Result<World> read_world(std::string_view text) try {
  const json world = json::parse(text);
  return World{.package = world.at("package"),
               .name = world.at("world"),
               .docs = world.at("docs"),
               .interfaces = read_all(world.at("interfaces"), read_interface),
               .types = read_all(world.at("types"), read_definition),
               .imports = read_all(world.at("imports"), read_function),
               .exports = read_all(world.at("exports"), read_function)};
} catch (const std::exception& error) {
  return fail(ErrorCode::kInternal, std::string("a world as berth doesn't know it: ") + error.what());
}

const Definition* find(const World& world, const Ref& named) {
  if (named.interface && *named.interface >= world.interfaces.size()) return nullptr;
  const auto& types = named.interface ? world.interfaces[*named.interface].types : world.types;
  const auto found = std::ranges::find(types, named.name, &Definition::name);
  return found == types.end() ? nullptr : &*found;
}

}  // namespace berth::bindgen
