// SPDX-License-Identifier: Apache-2.0
#include "bindgen/definitions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "bindgen/names.h"

namespace berth::bindgen {
namespace {

using Kind = Definition::Kind;

/// The smallest unsigned type that has so many values.
std::string_view number_for(size_t values) {
  if (values <= 0x100) return "uint8_t";
  return values <= 0x10000 ? "uint16_t" : "uint32_t";
}

class Writer {
 public:
  Writer(const Types& types, const std::vector<Definition>& all, std::optional<size_t> interface, Side side)
      : types_(types), all_(all), interface_(interface), side_(side), space_(types.space(interface, side)) {}

  Definitions write() {
    for (const Definition& definition : all_) add(definition);
    return std::move(out_);
  }

 private:
  void add(const Definition& definition) {
    if (definition.kind == Kind::kResource || !types_.crosses(definition)) return;
    if (!written_.insert(definition.name).second) return;
    for (const Part& part : definition.parts) {
      if (part.type) first(*part.type);
    }
    if (definition.alias) first(*definition.alias);
    out_.types += "\n" + comment(definition.docs, "") + text_of(definition);
  }

  /// What is used of the same interface comes before.
  void first(const Ref& ref) {
    if (ref.kind == Ref::Kind::kNamed && ref.interface == interface_) {
      const auto found = std::ranges::find(all_, ref.name, &Definition::name);
      if (found != all_.end()) add(*found);
    }
    for (const auto& part : ref.parts) {
      if (part) first(*part);
    }
  }

  std::string text_of(const Definition& definition) {
    switch (definition.kind) {
      case Kind::kRecord:
        return record(definition);
      case Kind::kVariant:
        return variant(definition);
      case Kind::kEnum:
        return enumeration(definition);
      case Kind::kFlags:
        return flags(definition);
      default:
        return fmt::format("using {} = {};\n", type_name(definition.name),
                           types_.owned(*definition.alias, side_));
    }
  }

  void describe(const Definition& definition, std::string_view kind) {
    std::vector<std::string> names;
    for (const Part& part : definition.parts) names.push_back(fmt::format("\"{}\"", part.name));
    out_.descriptions += fmt::format("template <>\nstruct berth::Describe<{}::{}> : berth::{}<{}> {{}};\n",
                                     space_, type_name(definition.name), kind, fmt::join(names, ", "));
  }

  std::string record(const Definition& definition) {
    describe(definition, "Record");
    const bool handles = types_.has_handles(definition);
    const std::string name = type_name(definition.name);
    std::string text = fmt::format("struct {} {{\n", name);
    for (const Part& field : definition.parts) {
      // A handle is always one of something.
      const std::string_view initial = types_.has_handles(*field.type) ? "" : "{}";
      text += fmt::format("{}  {} {}{};\n", comment(field.docs, "  "), types_.owned(*field.type, side_),
                          value_name(field.name), initial);
    }
    if (!handles) text += fmt::format("\n  bool operator==(const {}&) const = default;\n", name);
    return text + "};\n";
  }

  /// A std::variant with names for its cases.
  std::string variant(const Definition& definition) {
    describe(definition, "Variant");
    const std::string name = type_name(definition.name);
    std::vector<std::string> cases;
    std::vector<std::string> constants;
    std::string made;
    for (size_t i = 0; i < definition.parts.size(); ++i) {
      const Part& part = definition.parts[i];
      const std::string type = part.type ? types_.owned(*part.type, side_) : "std::monostate";
      cases.push_back(type);
      constants.push_back(constant_name(part.name));
      const std::string value = part.type ? type + " value" : "";
      made +=
          fmt::format("{}  static {} {}({}) {{\n    return {{variant(std::in_place_index<{}>{})}};\n  }}\n",
                      comment(part.docs, "  "), name, case_name(part.name), value, i,
                      part.type ? ", std::move(value)" : "");
    }
    return fmt::format(
        "struct {0} : std::variant<{1}> {{\n  enum class Case : size_t {{ {2} }};\n\n"
        "  Case which() const {{\n    return static_cast<Case>(index());\n  }}\n{3}}};\n",
        name, fmt::join(cases, ", "), fmt::join(constants, ", "), made);
  }

  /// What std::variant has already is none.
  static std::string case_name(std::string_view wit) {
    static const std::set<std::string> kOfVariant{"index",   "swap",  "emplace",
                                                  "variant", "which", "valueless_by_exception"};
    const std::string name = value_name(wit);
    return kOfVariant.contains(name) ? name + "_" : name;
  }

  std::string enumeration(const Definition& definition) {
    describe(definition, "Enum");
    std::string text = fmt::format("enum class {} : {} {{\n", type_name(definition.name),
                                   number_for(definition.parts.size()));
    for (const Part& part : definition.parts) {
      text += fmt::format("{}  {},\n", comment(part.docs, "  "), constant_name(part.name));
    }
    return text + "};\n";
  }

  std::string flags(const Definition& definition) {
    describe(definition, "Flags");
    const std::string name = type_name(definition.name);
    std::string text = fmt::format("enum class {} : uint64_t {{\n", name);
    const bool has_none = std::ranges::find(definition.parts, "none", &Part::name) != definition.parts.end();
    if (!has_none) text += "  kNone = 0,\n";
    for (size_t i = 0; i < definition.parts.size(); ++i) {
      const Part& part = definition.parts[i];
      text += fmt::format("{}  {} = uint64_t{{1}} << {},\n", comment(part.docs, "  "),
                          constant_name(part.name), i);
    }
    text += "};\n";
    for (const char sign : {'|', '&', '^'}) {
      text += fmt::format(
          "constexpr {0} operator{1}({0} left, {0} right) {{\n"
          "  return static_cast<{0}>(static_cast<uint64_t>(left) {1} static_cast<uint64_t>(right));\n}}\n",
          name, sign);
    }
    return text;
  }

  const Types& types_;
  const std::vector<Definition>& all_;
  const std::optional<size_t> interface_;
  const Side side_;
  const std::string space_;
  std::set<std::string> written_;
  Definitions out_;
};

}  // namespace

std::string comment(std::string_view docs, std::string_view indentation) {
  std::istringstream lines{std::string(docs)};
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    // A `\` at its end would make the next line part of the comment.
    while (!line.empty() && (line.back() == '\\' || line.back() == ' ')) line.pop_back();
    text += fmt::format("{}///{}{}\n", indentation, line.empty() ? "" : " ", line);
  }
  return text;
}

std::string in_namespace(std::string_view space, std::string_view text) {
  const std::string_view gap = text.starts_with('\n') ? "" : "\n";
  return fmt::format("\nnamespace {0} {{\n{1}{2}\n}}  // namespace {0}\n", space, gap, text);
}

Definitions write_definitions(const Types& types, const std::vector<Definition>& definitions,
                              std::optional<size_t> interface, Side side) {
  return Writer(types, definitions, interface, side).write();
}

}  // namespace berth::bindgen
