// SPDX-License-Identifier: Apache-2.0
#include "bindgen/header.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "bindgen/definitions.h"
#include "bindgen/functions.h"
#include "bindgen/names.h"
#include "bindgen/types.h"

namespace berth::bindgen {
namespace {

constexpr std::string_view kHeads =
    "#pragma once\n\n"
    "#include <berth/berth.h>\n\n"
    "#include <array>\n#include <cstddef>\n#include <cstdint>\n#include <expected>\n#include <map>\n"
    "#include <memory>\n#include <optional>\n#include <span>\n#include <string>\n#include <string_view>\n"
    "#include <tuple>\n#include <utility>\n#include <variant>\n#include <vector>\n";

using Place = std::pair<size_t, Side>;

bool is_wasi(const Interface& interface) {
  return interface.name.starts_with("wasi:");
}

/// "shop::price" as a part of a name.
std::string with_underscores(std::string_view space) {
  std::string name;
  for (size_t at = 0; (at = space.find("::")) != std::string_view::npos; space.remove_prefix(at + 2)) {
    name.append(space.substr(0, at)) += '_';
  }
  return name.append(space);
}

/// Writes the parts of one header, in an order in which nothing is used before it is there.
class Writer {
 public:
  Writer(const World& world, const HeaderOptions& options)
      : world_(world), options_(options), types_(world), functions_(types_) {}

  Header write() {
    choose();
    out_ = fmt::format(
        "// Written by berth bindgen {} from the world '{}' of {}: changes to it are lost.\n"
        "// clang-format off\n{}",
        options_.version, world_.name, world_.package, kHeads);
    forward();
    for (const Place& place : used_) interface_types(place);
    world_types();
    for (const Place& place : used_) interface_classes(place);
    exported();
    imported();
    return {
        .text = std::move(out_), .file = value_name(world_.name) + ".h", .left_out = functions_.left_out()};
  }

 private:
  /// Which interfaces have classes, and which have types that something needs.
  void choose() {
    std::set<size_t> needed;
    for (size_t i = 0; i < world_.interfaces.size(); ++i) {
      const Interface& interface = world_.interfaces[i];
      if (interface.imported && (options_.wasi || !is_wasi(interface))) implemented_.insert(i);
      if (interface.exported || implemented_.contains(i)) needed.insert(i);
      if (interface.imported && !interface.exported && !implemented_.contains(i))
        functions_.leave_to_berth(i);
    }
    for (const Function& function : world_.imports) mentions(function, needed);
    for (const Function& function : world_.exports) mentions(function, needed);
    for (const Definition& type : world_.types) mentions(type, needed);
    // Those that an interface uses are before it.
    for (size_t i = world_.interfaces.size(); i-- > 0;) {
      if (!needed.contains(i)) continue;
      for (const Definition& type : world_.interfaces[i].types) mentions(type, needed);
      for (const Function& function : world_.interfaces[i].functions) mentions(function, needed);
    }
    for (const Side side : {Side::kImport, Side::kExport}) {
      for (const size_t i : needed) {
        if (side == Side::kImport || types_.split(i)) used_.emplace_back(i, side);
      }
    }
  }

  static void mentions(const Ref& ref, std::set<size_t>& needed) {
    if (ref.kind == Ref::Kind::kNamed && ref.interface) needed.insert(*ref.interface);
    for (const auto& part : ref.parts) {
      if (part) mentions(*part, needed);
    }
  }
  static void mentions(const Definition& type, std::set<size_t>& needed) {
    if (type.alias) mentions(*type.alias, needed);
    for (const Part& part : type.parts) {
      if (part.type) mentions(*part.type, needed);
    }
  }
  static void mentions(const Function& function, std::set<size_t>& needed) {
    if (function.result) mentions(*function.result, needed);
    for (const Part& part : function.parameters) mentions(*part.type, needed);
  }

  /// Whether the interface's resources are the module's on this side.
  bool of_module(const Place& place) const {
    return types_.split(place.first) ? place.second == Side::kExport
                                     : world_.interfaces[place.first].exported;
  }

  /// Resources first: what holds their handles doesn't need more of them.
  void forward() {
    std::string described;
    for (const Place& place : used_) {
      const Interface& interface = world_.interfaces[place.first];
      const std::string space = types_.space(place.first, place.second);
      std::string classes;
      for (const Definition& type : interface.types) {
        if (type.kind != Definition::Kind::kResource) continue;
        const std::string name = type_name(type.name);
        classes += fmt::format("{}class {};\n", comment(type.docs, ""), name);
        if (of_module(place)) {
          described +=
              fmt::format("template <>\nstruct berth::Describe<{}::{}> : berth::Resource<\"{}.{}\"> {{}};\n",
                          space, name, interface.name, type.name);
        }
      }
      if (!classes.empty()) out_ += in_namespace(space, classes);
    }
    if (!described.empty()) out_ += "\n" + described;
  }

  void interface_types(const Place& place) {
    write_types(world_.interfaces[place.first].types, place.first, place.second);
  }
  void world_types() {
    write_types(world_.types, std::nullopt, Side::kImport);
  }
  void write_types(const std::vector<Definition>& types, std::optional<size_t> interface, Side side) {
    const Definitions written = write_definitions(types_, types, interface, side);
    if (!written.types.empty()) out_ += in_namespace(types_.space(interface, side), written.types);
    if (!written.descriptions.empty()) out_ += "\n" + written.descriptions;
  }

  void interface_classes(const Place& place) {
    const auto& [number, side] = place;
    const Interface& interface = world_.interfaces[number];
    const bool imports = implemented_.contains(number) && (!types_.split(number) || side == Side::kImport);
    const bool exports = interface.exported && (!types_.split(number) || side == Side::kExport);
    std::string text;
    if (imports) text += functions_.imports(interface);
    if (exports) text += functions_.exports(interface);
    if (!text.empty()) out_ += in_namespace(types_.space(number, side), text);
    if (imports && !functions_.is_empty(interface)) imported_.push_back(place);
    if (exports && !functions_.is_empty(interface)) exported_.push_back(place);
  }

  void exported() {
    std::vector<Functions::Member> members;
    for (const Place& place : exported_) members.push_back(member(place, "Exports"));
    const std::string text = functions_.world_exports(members);
    if (!text.empty()) out_ += in_namespace(types_.space(std::nullopt, Side::kExport), text);
  }
  void imported() {
    std::vector<Functions::Member> members;
    for (const Place& place : imported_) members.push_back(member(place, "Imports"));
    const std::string text = functions_.world_imports(members);
    if (!text.empty()) out_ += in_namespace(types_.space(std::nullopt, Side::kImport), text);
  }

  Functions::Member member(const Place& place, std::string_view which) const {
    const auto& [number, side] = place;
    const std::string name = Functions::class_name(world_.interfaces[number].types, which);
    return {.name = member_name(number), .type = fmt::format("::{}::{}", types_.space(number, side), name)};
  }

  /// The last part of its namespace, unless another one has the same.
  std::string member_name(size_t number) const {
    const auto last = [&](size_t i) {
      const std::string space = types_.space(i, Side::kImport);
      return space.substr(space.rfind(':') + 1);
    };
    for (size_t i = 0; i < world_.interfaces.size(); ++i) {
      if (i == number || last(i) != last(number)) continue;
      return with_underscores(types_.space(number, Side::kImport));
    }
    return last(number);
  }

  const World& world_;
  const HeaderOptions& options_;
  Types types_;
  Functions functions_;
  std::set<size_t> implemented_;
  std::vector<Place> used_;
  std::vector<Place> exported_;
  std::vector<Place> imported_;
  std::string out_;
};

}  // namespace

Header write_header(const World& world, const HeaderOptions& options) {
  return Writer(world, options).write();
}

}  // namespace berth::bindgen
