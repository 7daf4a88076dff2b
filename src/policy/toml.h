// SPDX-License-Identifier: Apache-2.0
#pragma once
// TOML files as berth reads them: toml++ without exceptions, without its assertions, and with bounds.
//
// Version 3.3 asserts (and lets clang assume) things that a wrong file can break, as `[,x]` does; the code
// behind those assertions checks again and reports an error. It also takes a stack frame for each level of
// `a.a.a.a`, without end. So every source file that needs TOML includes this header instead of
// <toml++/toml.h>, which also makes it one build of toml++ in a program, and reads with `parse_toml`.
//
// For source files only, never for a header: it takes long to compile. Pure; safe on any thread.

#include <string>
#include <string_view>

#ifdef NDEBUG
#define BERTH_TOML_NDEBUG 1
#undef NDEBUG
#endif
#define TOML_ASSERT(expression) static_assert(true)
#define TOML_EXCEPTIONS 0
#define TOML_MAX_NESTED_VALUES 32
#include <toml++/toml.h>
#ifdef BERTH_TOML_NDEBUG
#define NDEBUG 1
#endif

#include "base/result.h"

namespace berth::policy {

/// The table that the text is. Errors begin with `file_name:line:column`. Text beyond 1 MiB, keys of more
/// than 16 dots and values nested more than 32 deep are refused: together they bound the stack it takes.
Result<toml::table> parse_toml(std::string_view text, std::string_view file_name);

/// `file_name:line:column: message` as an error, for what a file says at that place.
std::unexpected<Error> wrong_at(std::string_view file_name, const toml::source_region& where,
                                std::string_view message);

/// What a value is, for a person: "a whole number".
std::string_view kind_of(const toml::node& node);

}  // namespace berth::policy
