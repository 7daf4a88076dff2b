// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a case is, and the few words in which it says what it expects.
//
// A case is named FUNCTION:ANSWER or FUNCTION:ANSWER:VARIANT, where the answer is `ok` or an errno in lower
// case. It returns nothing where all was as expected. What only has to work on the way is `must`: it ends the
// program.

#include <wasi/api.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

struct Mismatch {
  std::string expected;
  std::string got;
};

using Outcome = std::optional<Mismatch>;

/// What a case needs of who runs it: nothing, what only berth promises, or a process of its own.
enum class Need { kNothing, kBerth, kAlone };

struct Case {
  std::string name;
  std::function<Outcome()> run;
  Need need = Need::kNothing;
};

using Cases = std::vector<Case>;

/// Leaves the case where an expectation wasn't met.
#define REQUIRE(expectation)                               \
  do {                                                     \
    if (Outcome mismatch = (expectation)) return mismatch; \
  } while (false)

/// The lower-case name of an errno.
std::string errno_name(__wasi_errno_t code);

Outcome answers(__wasi_errno_t got, __wasi_errno_t expected);
Outcome equal(uint64_t got, uint64_t expected);
Outcome equal(const std::string& got, const std::string& expected);
Outcome holds(bool condition, const std::string& expected, const std::string& got);

/// Ends the program where something on the way to a question failed.
void must(__wasi_errno_t code, const char* what);

// The tables, one a file.
Cases file_cases();
Cases folder_cases();
Cases path_cases();
Cases descriptor_cases();
Cases permission_cases();
Cases clock_cases();
Cases poll_cases();
Cases socket_cases();
Cases command_line_cases();
