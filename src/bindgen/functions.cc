// SPDX-License-Identifier: Apache-2.0
#include "bindgen/functions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "bindgen/definitions.h"
#include "bindgen/names.h"

namespace berth::bindgen {
namespace {

/// "[method]cart.add" in its parts.
struct Named {
  std::string kind;      // "method", "static", "constructor", or "" of a plain function
  std::string resource;  // "" of a plain function
  std::string name;
};

Named parts_of(const std::string& name) {
  if (!name.starts_with('[')) return {.kind = "", .resource = "", .name = name};
  const size_t end = name.find(']');
  Named named{.kind = name.substr(1, end - 1), .resource = name.substr(end + 1), .name = ""};
  if (const size_t dot = named.resource.find('.'); dot != std::string::npos) {
    named.name = named.resource.substr(dot + 1);
    named.resource.resize(dot);
  }
  return named;
}

/// As a member of one class for the whole interface.
std::string function_name(const Function& function) {
  const Named named = parts_of(function.name);
  if (named.kind == "constructor") return "new_" + value_name(named.resource);
  if (named.kind.empty()) return value_name(named.name);
  return value_name(named.resource + "-" + named.name);
}

std::string full_name(const std::string& interface, const std::string& function) {
  return interface.empty() ? function : interface + "." + function;
}

}  // namespace

std::string Functions::class_name(const std::vector<Definition>& types, std::string_view name) {
  const bool taken =
      std::ranges::any_of(types, [&](const Definition& type) { return type_name(type.name) == name; });
  return std::string(name) + (taken ? "_" : "");
}

bool Functions::lacks(const Ref& ref) const {
  if (ref.kind == Ref::Kind::kOwn || ref.kind == Ref::Kind::kBorrow) {
    const Ref& resource = types_.behind(*ref.parts.front());
    return resource.interface && lacking_.contains(*resource.interface);
  }
  if (ref.kind == Ref::Kind::kNamed) {
    const Definition* const found = find(types_.world(), ref);
    if (found == nullptr) return false;
    if (found->alias) return lacks(*found->alias);
    return std::ranges::any_of(found->parts,
                               [&](const Part& part) { return part.type && lacks(*part.type); });
  }
  return std::ranges::any_of(ref.parts, [&](const auto& part) { return part && lacks(*part); });
}

std::string Functions::obstacle(const Function& function) const {
  if (!types_.crosses(function)) return "a stream of nothing and an error-context have no C++ types";
  const bool lacking =
      (function.result && lacks(*function.result)) ||
      std::ranges::any_of(function.parameters, [&](const Part& part) { return lacks(*part.type); });
  return lacking ? "its resources are berth's own" : "";
}

bool Functions::is_empty(const Interface& interface) const {
  return std::ranges::all_of(interface.functions,
                             [&](const Function& function) { return !obstacle(function).empty(); });
}

std::vector<const Function*> Functions::callable(const std::vector<Function>& functions,
                                                 const std::string& interface, std::string& notes) {
  std::vector<const Function*> found;
  for (const Function& function : functions) {
    const std::string why = obstacle(function);
    if (why.empty()) {
      found.push_back(&function);
      continue;
    }
    notes += fmt::format("  // Not here: {}, as {}.\n", function.name, why);
    left_out_.push_back(fmt::format("{}: {}", full_name(interface, function.name), why));
  }
  return found;
}

std::string Functions::exports(const Interface& interface) {
  std::string notes;
  const auto functions = callable(interface.functions, interface.name, notes);
  if (functions.empty()) return "";
  return comment(interface.docs, "") + proxy(class_name(interface.types, "Exports"),
                                             fmt::format("{} of a module", interface.name), interface.name,
                                             functions, notes, {});
}

std::string Functions::proxy(const std::string& name, const std::string& what, const std::string& interface,
                             const std::vector<const Function*>& functions, const std::string& notes,
                             const std::vector<Member>& members) const {
  std::string finding;
  std::string methods;
  std::string fields;
  std::vector<std::string> found;
  std::vector<std::string> parameters;
  std::vector<std::string> initials;
  const auto field = [&](const std::string& type, const std::string& member, const std::string& search) {
    finding += fmt::format(
        "    auto {0}_found = {1};\n    if (!{0}_found) return "
        "std::unexpected(std::move({0}_found).error());\n",
        member, search);
    found.push_back(fmt::format("std::move(*{}_found)", member));
    parameters.push_back(fmt::format("{} {}_found", type, member));
    initials.push_back(fmt::format("{0}_bound_(std::move({0}_found))", member));
    fields += fmt::format("  {} {}_bound_;\n", type, member);
  };
  for (const Member& member : members) {
    field(member.type, member.name, fmt::format("{}::of(instance)", member.type));
    methods +=
        fmt::format("  const {0}& {1}() const {{\n    return {1}_bound_;\n  }}\n", member.type, member.name);
  }
  for (const Function* function : functions) {
    std::vector<std::string> types;
    std::vector<std::string> given;
    std::vector<std::string> names;
    for (const Part& part : function->parameters) {
      types.push_back(types_.passed(*part.type));
      given.push_back(types_.given(*part.type) + " " + value_name(part.name));
      names.push_back(value_name(part.name));
    }
    const std::string result = types_.result(*function, Side::kExport);
    const std::string signature = fmt::format("{}({})", result, fmt::join(types, ", "));
    const std::string member = function_name(*function);
    field(fmt::format("::berth::Function<{}>", signature), member,
          fmt::format("instance->function<{}>(\"{}\")", signature, full_name(interface, function->name)));
    methods += fmt::format("{}  ::berth::Result<{}> {}({}) const {{\n    return {}_bound_({});\n  }}\n",
                           comment(function->docs, "  "), result, member, fmt::join(given, ", "), member,
                           fmt::join(names, ", "));
  }
  return fmt::format(
      "/// {1}. Calls follow the rules of the instance, which this keeps.\n"
      "class {0} {{\n public:\n"
      "  /// Finds its functions: kNotFound where one is missing, kInvalidArgument where its types are "
      "others.\n"
      "  static ::berth::Result<{0}> of(const std::shared_ptr<::berth::Instance>& instance) {{\n"
      "{2}    return {0}({3});\n  }}\n{8}\n{4}\n"
      " private:\n  explicit {0}({5})\n      : {6} {{}}\n\n{7}}};\n",
      name, what, finding, fmt::join(found, ", "), methods, fmt::join(parameters, ", "),
      fmt::join(initials, ", "), fields, notes);
}

std::string Functions::answer_parameter(const Function& function) const {
  return fmt::format("::berth::Answer<{}> answer_", types_.result(function, Side::kImport));
}

std::string Functions::virtual_function(const Function& function, bool of_resource) const {
  std::vector<std::string> parameters;
  for (size_t i = of_resource ? 1 : 0; i < function.parameters.size(); ++i) {
    const Part& part = function.parameters[i];
    parameters.push_back(types_.received(*part.type) + " " + value_name(part.name));
  }
  if (function.async) parameters.push_back(answer_parameter(function));
  const std::string name = of_resource ? value_name(parts_of(function.name).name) : function_name(function);
  return fmt::format("{}  virtual {} {}({}) = 0;\n", comment(function.docs, "  "), types_.answer(function),
                     name, fmt::join(parameters, ", "));
}

std::string Functions::abstract(const std::string& name, const std::string& docs, const std::string& notes,
                                const std::vector<const Function*>& functions) const {
  std::string text;
  const bool of_resource = !functions.empty() && parts_of(functions.front()->name).kind == "method";
  for (const Function* function : functions) text += virtual_function(*function, of_resource);
  return fmt::format(
      "{1}class {0} {{\n public:\n  {0}() = default;\n  {0}(const {0}&) = delete;\n"
      "  {0}& operator=(const {0}&) = delete;\n  virtual ~{0}() = default;\n\n{2}{3}}};\n",
      name, docs, notes, text);
}

std::string Functions::binding(const Function& function, const std::string& interface) const {
  const bool method = parts_of(function.name).kind == "method";
  std::vector<std::string> parameters;
  std::vector<std::string> given;
  for (size_t i = 0; i < function.parameters.size(); ++i) {
    const Part& part = function.parameters[i];
    const std::string name = method && i == 0 ? "self_" : value_name(part.name);
    parameters.push_back(types_.received(*part.type) + " " + name);
    if (method && i == 0) continue;
    given.push_back(types_.moves(*part.type) ? fmt::format("std::move({})", name) : name);
  }
  if (function.async) {
    parameters.push_back(answer_parameter(function));
    given.emplace_back("std::move(answer_)");
  }
  const std::string call =
      method ? "self_->" + value_name(parts_of(function.name).name) : "object_->" + function_name(function);
  return fmt::format("  imports_.{}(\"{}\", [{}]({}) -> {} {{\n    return {}({});\n  }});\n",
                     function.async ? "async_function" : "function", full_name(interface, function.name),
                     method ? "" : "object_", fmt::join(parameters, ", "), types_.answer(function), call,
                     fmt::join(given, ", "));
}

std::string Functions::imports(const Interface& interface) {
  std::string notes;
  const auto functions = callable(interface.functions, interface.name, notes);
  if (functions.empty()) return "";
  std::string text;
  std::string bound;
  std::vector<const Function*> own;
  for (const Definition& type : interface.types) {
    if (type.kind != Definition::Kind::kResource) continue;
    std::vector<const Function*> methods;
    std::ranges::copy_if(functions, std::back_inserter(methods), [&](const Function* function) {
      const Named named = parts_of(function->name);
      return named.kind == "method" && named.resource == type.name;
    });
    const std::string name = type_name(type.name);
    const std::string docs =
        fmt::format("/// {}.{}, of the program. {}\n", interface.name, type.name,
                    "Its destructor runs when the module drops it, or the instance goes.");
    text += abstract(name, docs, "", methods) + "\n";
    bound += fmt::format("  imports_.resource<{}>(\"{}.{}\");\n", name, interface.name, type.name);
  }
  for (const Function* function : functions) {
    if (parts_of(function->name).kind != "method") own.push_back(function);
    bound += binding(*function, interface.name);
  }
  const std::string name = class_name(interface.types, "Imports");
  const std::string docs =
      comment(interface.docs, "") +
      fmt::format(
          "/// {}, of the program. {}\n", interface.name,
          "Called on the threads of the instances that have it: from many at once, if they are many.");
  text += abstract(name, docs, notes, own);
  const std::string unused = own.empty() ? "[[maybe_unused]] " : "";
  return text + fmt::format(
                    "\n/// Gives it to the instances that are made with these imports; they keep it.\n"
                    "inline void add_to(::berth::Imports& imports_, {}const std::shared_ptr<{}>& object_) "
                    "{{\n{}}}\n",
                    unused, name, bound);
}

std::string Functions::world_exports(const std::vector<Member>& members) {
  const World& world = types_.world();
  std::string notes;
  const auto functions = callable(world.exports, "", notes);
  if (functions.empty() && members.empty()) return "";
  const std::string name = class_name(world.types, type_name(world.name));
  return comment(world.docs, "") +
         proxy(name, fmt::format("A module of the world {}", world.name), "", functions, notes, members);
}

std::string Functions::world_imports(const std::vector<Member>& members) {
  const World& world = types_.world();
  std::string notes;
  const auto functions = callable(world.imports, "", notes);
  if (functions.empty() && members.empty()) return "";
  const std::string own = class_name(world.types, type_name(world.name) + "Functions");
  const std::string all = class_name(world.types, type_name(world.name) + "Imports");
  std::string text;
  std::string fields;
  std::string adding;
  for (const Member& member : members) {
    fields += fmt::format("  std::shared_ptr<{}> {};\n", member.type, member.name);
    const std::string space = member.type.substr(0, member.type.rfind("::"));
    adding += fmt::format("    if ({0}) {1}::add_to(imports_, {0});\n", member.name, space);
  }
  if (!functions.empty()) {
    text +=
        abstract(own,
                 fmt::format("/// What a module of the world {} imports of the world itself.\n", world.name),
                 notes, functions) +
        "\n";
    fields += fmt::format("  std::shared_ptr<{}> functions;\n", own);
    std::string bound;
    for (const Function* function : functions) bound += binding(*function, "");
    text += fmt::format(
        "inline void add_to(::berth::Imports& imports_, const std::shared_ptr<{}>& object_) {{\n{}}}\n\n",
        own, bound);
    adding += "    if (functions) add_to(imports_, functions);\n";
  }
  return text +
         fmt::format(
             "/// What a module of the world {1} imports. What isn't set isn't given.\n"
             "struct {0} {{\n{2}\n  /// For InstanceOptions::imports.\n"
             "  ::berth::Imports all() const {{\n    ::berth::Imports imports_;\n{3}    return imports_;\n"
             "  }}\n}};\n",
             all, world.name, fields, adding);
}

}  // namespace berth::bindgen
