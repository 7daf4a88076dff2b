// SPDX-License-Identifier: Apache-2.0
#pragma once
// Types of WIT as types of C++, as berth/codec.h has them.

#include <string>
#include <vector>

#include "bindgen/wit.h"

namespace berth::bindgen {

/// Whose an interface is: the program's, which a module imports, or the module's. Where a world has one both
/// ways its resources are two.
enum class Side { kImport, kExport };

class Types {
 public:
  explicit Types(const World& world);

  const World& world() const {
    return world_;
  }

  /// "shop::price::rule", or "exports::shop::price::rule" for the second side of one that has two. Without an
  /// interface that of the world.
  std::string space(std::optional<size_t> interface, Side side) const;
  /// Whether the sides of an interface have types of their own.
  bool split(size_t interface) const {
    return split_.at(interface);
  }

  /// A value that is kept.
  std::string owned(const Ref& ref, Side side) const;
  /// A parameter of a module's function: text and numbers are looked at where they lie.
  std::string given(const Ref& ref) const;
  /// The same as the signature of `berth::Function` has it.
  std::string passed(const Ref& ref) const;
  /// A parameter of a program's function.
  std::string received(const Ref& ref) const;
  /// Whether such a parameter is handed on by moving it.
  bool moves(const Ref& ref) const {
    return !is_view(ref) && !by_value(ref);
  }
  /// What a module's function gives.
  std::string result(const Function& function, Side side) const;
  /// What a program's function gives: WIT's result as it is, for others an error is a trap. Nothing if it
  /// is async: it has an answer as its last parameter.
  std::string answer(const Function& function) const;

  /// Whether values of it can cross.
  bool crosses(const Ref& ref) const;
  bool crosses(const Definition& definition) const;
  bool crosses(const Function& function) const;
  /// Whether it has handles in it, of resources, streams or futures: such values can't be compared.
  bool has_handles(const Ref& ref) const;
  bool has_handles(const Definition& definition) const;

  /// What it is behind all its other names.
  const Ref& behind(const Ref& ref) const;

 private:
  template <class Test>
  bool any(const Ref& ref, const Test& test) const;
  template <class Test>
  bool any(const Definition& definition, const Test& test) const;

  std::string parts(const Ref& ref, Side side) const;
  bool is_view(const Ref& ref) const;
  bool by_value(const Ref& ref) const;

  const World& world_;
  std::vector<std::string> spaces_;
  std::vector<bool> split_;
};

}  // namespace berth::bindgen
