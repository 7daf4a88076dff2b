// SPDX-License-Identifier: Apache-2.0
#include "bindgen/names.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace berth::bindgen {
namespace {

// clang-format off
const std::set<std::string_view> kTaken = {
    // C++
    "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break", "case", "catch", "char",
    "char16_t", "char32_t", "char8_t", "class", "co_await", "co_return", "co_yield", "compl", "concept", "const",
    "const_cast", "consteval", "constexpr", "constinit", "continue", "decltype", "default", "delete", "do", "double",
    "dynamic_cast", "else", "enum", "explicit", "export", "extern", "false", "float", "for", "friend", "goto", "if",
    "inline", "int", "long", "mutable", "namespace", "new", "noexcept", "not", "not_eq", "nullptr", "operator", "or",
    "or_eq", "private", "protected", "public", "register", "reinterpret_cast", "requires", "return", "short", "signed",
    "sizeof", "static", "static_assert", "static_cast", "struct", "switch", "template", "this", "thread_local", "throw",
    "true", "try", "typedef", "typeid", "typename", "union", "unsigned", "using", "virtual", "void", "volatile",
    "wchar_t", "while", "xor", "xor_eq",
    // macros that the system's headers may have
    "assert", "errno", "linux", "major", "minor", "offsetof", "setjmp", "stderr", "stdin", "stdout", "unix",
    // namespaces that are somebody's
    "berth", "boost", "std",
};
// clang-format on

std::string free_of(std::string name) {
  if (kTaken.contains(name)) name += '_';
  return name;
}

char upper(char c) {
  return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
}

char lower(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

}  // namespace

std::string type_name(std::string_view wit) {
  std::string name;
  bool begins = true;
  for (const char c : wit) {
    if (c != '-') name += begins ? upper(c) : lower(c);
    begins = c == '-';
  }
  return name;
}

std::string value_name(std::string_view wit) {
  std::string name;
  for (const char c : wit) name += c == '-' || c == '.' ? '_' : lower(c);
  return free_of(name);
}

std::string constant_name(std::string_view wit) {
  return "k" + type_name(wit);
}

std::string package_namespace(std::string_view package) {
  package = package.substr(0, package.find('@'));
  const size_t colon = package.find(':');
  if (colon == std::string_view::npos) return value_name(package);
  return value_name(package.substr(0, colon)) + "::" + value_name(package.substr(colon + 1));
}

std::string namespace_of(std::string_view interface, std::string_view package) {
  const size_t slash = interface.find('/');
  if (slash == std::string_view::npos) return package_namespace(package) + "::" + value_name(interface);
  const std::string_view name = interface.substr(slash + 1);
  return package_namespace(interface.substr(0, slash)) + "::" + value_name(name.substr(0, name.find('@')));
}

}  // namespace berth::bindgen
