// SPDX-License-Identifier: Apache-2.0
#pragma once
// Classes for functions: what a module exports is called through one, what it imports is a class to derive
// from.

#include <set>
#include <string>
#include <vector>

#include "bindgen/types.h"

namespace berth::bindgen {

class Functions {
 public:
  /// An interface's class in the world's.
  struct Member {
    std::string name;
    std::string type;  // "::shop::price::rule::Exports"
  };

  explicit Functions(const Types& types) : types_(types) {}

  /// The resources of this interface aren't the program's, nor are they the module's.
  void leave_to_berth(size_t interface) {
    lacking_.insert(interface);
  }
  /// Whether nothing of it can be called by the program, or given by it.
  bool is_empty(const Interface& interface) const;

  std::string exports(const Interface& interface);
  std::string imports(const Interface& interface);
  std::string world_exports(const std::vector<Member>& members);
  std::string world_imports(const std::vector<Member>& members);

  /// The name of an interface's class, "Exports" or "Imports".
  static std::string class_name(const std::vector<Definition>& types, std::string_view name);

  const std::vector<std::string>& left_out() const {
    return left_out_;
  }

 private:
  /// Why it can't be called; "" when it can.
  std::string obstacle(const Function& function) const;
  bool lacks(const Ref& ref) const;
  /// Those that can be called; of the others a line is added.
  std::vector<const Function*> callable(const std::vector<Function>& functions, const std::string& interface,
                                        std::string& notes);
  std::string proxy(const std::string& name, const std::string& what, const std::string& interface,
                    const std::vector<const Function*>& functions, const std::string& notes,
                    const std::vector<Member>& members) const;
  std::string abstract(const std::string& name, const std::string& docs, const std::string& notes,
                       const std::vector<const Function*>& functions) const;
  std::string binding(const Function& function, const std::string& interface) const;
  std::string virtual_function(const Function& function, bool of_resource) const;
  /// The last one of an async function that the program gives.
  std::string answer_parameter(const Function& function) const;

  const Types& types_;
  std::set<size_t> lacking_;
  std::vector<std::string> left_out_;
};

}  // namespace berth::bindgen
