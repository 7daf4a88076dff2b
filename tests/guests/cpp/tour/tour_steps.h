// SPDX-License-Identifier: Apache-2.0
#pragma once
// The steps of the program `tour`, one a door. Each says what to print, or fails with WASI's name of the
// error.

#include <string>
#include <string_view>

struct Told {
  bool failed = false;
  std::string words;
};

inline Told error(std::string_view code) {
  return {.failed = true, .words = "error " + std::string(code)};
}

Told read_file(const std::string& path);
Told fetch(std::string_view url);
Told ask(std::string_view target);
