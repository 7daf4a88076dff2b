// SPDX-License-Identifier: Apache-2.0
#include "bindgen/types.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "bindgen/names.h"

namespace berth::bindgen {
namespace {

using Kind = Ref::Kind;

constexpr std::pair<std::string_view, std::string_view> kPlain[] = {
    {"bool", "bool"},     {"s8", "int8_t"},      {"u8", "uint8_t"},   {"s16", "int16_t"},
    {"u16", "uint16_t"},  {"s32", "int32_t"},    {"u32", "uint32_t"}, {"s64", "int64_t"},
    {"u64", "uint64_t"},  {"f32", "float"},      {"f64", "double"},   {"char", "char32_t"},
    {"string", "string"}, {"error-context", ""},
};

std::string plain_type(std::string_view name) {
  const auto* const known = std::ranges::find(kPlain, name, [](const auto& entry) { return entry.first; });
  const std::string type(known == std::end(kPlain) ? "" : known->second);
  return type == "string" ? "std::string" : type;
}

/// Its elements lie for C++ as for a module, and are numbers.
bool is_number(const Ref& ref) {
  return ref.kind == Kind::kPlain && ref.name != "string" && ref.name != "bool" && ref.name != "char";
}

}  // namespace

Types::Types(const World& world) : world_(world) {
  std::multiset<std::string> taken;
  for (const Interface& interface : world.interfaces) {
    taken.insert(namespace_of(interface.name, world.package));
  }
  for (const Interface& interface : world.interfaces) {
    std::string space = namespace_of(interface.name, world.package);
    const size_t at = interface.name.find('@');
    // Of two versions each has a namespace of its own.
    if (taken.count(space) > 1 && at != std::string::npos) {
      std::string version = interface.name.substr(at + 1);
      std::ranges::replace_if(version, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
      space += "::v" + version;
    }
    spaces_.push_back(std::move(space));
  }
  // Those that an interface uses are before it.
  for (size_t i = 0; i < world.interfaces.size(); ++i) {
    const Interface& interface = world.interfaces[i];
    const bool own = std::ranges::any_of(
        interface.types, [](const Definition& type) { return type.kind == Definition::Kind::kResource; });
    const bool others = std::ranges::any_of(interface.types, [&](const Definition& type) {
      return any(type, [&](const Ref& part) {
        return part.kind == Kind::kNamed && part.interface && *part.interface < i && split_[*part.interface];
      });
    });
    split_.push_back(interface.imported && interface.exported && (own || others));
  }
}

std::string Types::space(std::optional<size_t> interface, Side side) const {
  if (!interface) return package_namespace(world_.package);
  const std::string& space = spaces_.at(*interface);
  return split_.at(*interface) && side == Side::kExport ? "exports::" + space : space;
}

const Ref& Types::behind(const Ref& ref) const {
  if (ref.kind != Kind::kNamed) return ref;
  const Definition* const found = find(world_, ref);
  return found != nullptr && found->alias ? behind(*found->alias) : ref;
}

std::string Types::parts(const Ref& ref, Side side) const {
  std::string text;
  for (const auto& part : ref.parts) {
    if (!text.empty()) text += ", ";
    text += part ? owned(*part, side) : "void";
  }
  return text;
}

std::string Types::owned(const Ref& ref, Side side) const {
  switch (ref.kind) {
    case Kind::kPlain:
      return plain_type(ref.name);
    case Kind::kNamed:
      return fmt::format("::{}::{}", space(ref.interface, side), type_name(ref.name));
    case Kind::kList:
      return fmt::format("std::vector<{}>", parts(ref, side));
    case Kind::kArray:
      return fmt::format("std::array<{}, {}>", parts(ref, side), ref.length);
    case Kind::kMap:
      return fmt::format("std::map<{}>", parts(ref, side));
    case Kind::kOption:
      return fmt::format("std::optional<{}>", parts(ref, side));
    case Kind::kResult: {
      const auto& error = ref.parts.at(1);
      const auto& ok = ref.parts.at(0);
      return fmt::format("std::expected<{}, {}>", ok ? owned(*ok, side) : "void",
                         error ? owned(*error, side) : "std::monostate");
    }
    case Kind::kTuple:
      return fmt::format("std::tuple<{}>", parts(ref, side));
    case Kind::kOwn:
    case Kind::kBorrow: {
      const Ref& resource = *ref.parts.at(0);
      return fmt::format("::berth::{}<::{}::{}>", ref.kind == Kind::kOwn ? "Own" : "Borrow",
                         space(resource.interface, side), type_name(resource.name));
    }
    case Kind::kStream:
      return fmt::format("::berth::Stream<{}>", parts(ref, side));
    case Kind::kFuture:
      return fmt::format("::berth::Future<{}>", parts(ref, side));
  }
  return "";
}

bool Types::is_view(const Ref& ref) const {
  const Ref& real = behind(ref);
  return (real.kind == Kind::kPlain && real.name == "string") ||
         (real.kind == Kind::kList && is_number(behind(*real.parts.at(0))));
}

bool Types::by_value(const Ref& ref) const {
  const Ref& real = behind(ref);
  if (real.kind == Kind::kPlain) return real.name != "string";
  if (real.kind == Kind::kOwn || real.kind == Kind::kBorrow) return true;
  const Definition* const found = real.kind == Kind::kNamed ? find(world_, real) : nullptr;
  return found != nullptr &&
         (found->kind == Definition::Kind::kEnum || found->kind == Definition::Kind::kFlags);
}

std::string Types::passed(const Ref& ref) const {
  if (!is_view(ref)) return owned(ref, Side::kExport);
  const Ref& real = behind(ref);
  if (real.kind == Kind::kPlain) return "std::string_view";
  return fmt::format("std::span<const {}>", owned(*real.parts.at(0), Side::kExport));
}

std::string Types::given(const Ref& ref) const {
  const std::string type = passed(ref);
  return is_view(ref) || by_value(ref) ? type : fmt::format("const {}&", type);
}

std::string Types::received(const Ref& ref) const {
  if (!is_view(ref)) return owned(ref, Side::kImport);
  const Ref& real = behind(ref);
  if (real.kind == Kind::kPlain) return "std::string_view";
  return fmt::format("std::span<const {}>", owned(*real.parts.at(0), Side::kImport));
}

std::string Types::result(const Function& function, Side side) const {
  return function.result ? owned(*function.result, side) : "void";
}

std::string Types::answer(const Function& function) const {
  if (function.async) return "void";
  const bool is_result = function.result && behind(*function.result).kind == Kind::kResult;
  const std::string type = result(function, Side::kImport);
  return is_result ? type : fmt::format("::berth::Result<{}>", type);
}

template <class Test>
bool Types::any(const Ref& ref, const Test& test) const {
  if (test(ref)) return true;
  if (ref.kind == Kind::kNamed) {
    const Definition* const found = find(world_, ref);
    return found != nullptr && any(*found, test);
  }
  return std::ranges::any_of(ref.parts, [&](const auto& part) { return part && any(*part, test); });
}

template <class Test>
bool Types::any(const Definition& definition, const Test& test) const {
  if (definition.alias) return any(*definition.alias, test);
  return std::ranges::any_of(definition.parts,
                             [&](const Part& part) { return part.type && any(*part.type, test); });
}

namespace {

bool has_no_words(const Ref& ref) {
  return (ref.kind == Kind::kStream && !ref.parts.at(0)) ||
         (ref.kind == Kind::kPlain && plain_type(ref.name).empty());
}

}  // namespace

bool Types::crosses(const Ref& ref) const {
  return !any(ref, has_no_words);
}

bool Types::crosses(const Definition& definition) const {
  return !any(definition, has_no_words);
}

bool Types::crosses(const Function& function) const {
  const auto fits = [&](const Part& part) { return part.type && crosses(*part.type); };
  return std::ranges::all_of(function.parameters, fits) && (!function.result || crosses(*function.result));
}

bool Types::has_handles(const Ref& ref) const {
  return any(ref, [](const Ref& part) {
    return part.kind == Kind::kOwn || part.kind == Kind::kBorrow || part.kind == Kind::kStream ||
           part.kind == Kind::kFuture;
  });
}

bool Types::has_handles(const Definition& definition) const {
  if (definition.alias) return has_handles(*definition.alias);
  return std::ranges::any_of(definition.parts,
                             [&](const Part& part) { return part.type && has_handles(*part.type); });
}

}  // namespace berth::bindgen
