// SPDX-License-Identifier: Apache-2.0
#include "registry/module_file.h"

#include <doctest/doctest.h>

#include <string>

namespace berth::registry {

using namespace std::string_view_literals;

TEST_CASE("what is clearly no module is named for what it is") {
  CHECK(name_of_foreign("\x89PNG\r\n\x1a\n") == "a PNG image");
  CHECK(name_of_foreign("\x7f"
                        "ELF\x02") == "an ELF program or library of this or another machine");
  CHECK(name_of_foreign("") == "an empty file");
  CHECK(name_of_foreign("#!/bin/sh\n") == "a script");
  CHECK(name_of_foreign("hello world\n") == "a text file");
  CHECK(name_of_foreign("\x01\x00\x02"sv) == "a file of an unknown kind");
}

TEST_CASE("what may be a module is left to the parser of modules") {
  CHECK(name_of_foreign("\0asm\x01\0\0\0"sv) == "");
  CHECK(name_of_foreign("\0as"sv) == "");
  CHECK(name_of_foreign("(module)") == "");
  CHECK(name_of_foreign("  ;; a comment\n (component)") == "");
  CHECK(name_of_foreign("(; block ;) (module)") == "");
}

TEST_CASE("a file that isn't there says what to give") {
  const auto missing = read_module("/nonexistent/module.wasm");
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().code == ErrorCode::kNotFound);
  CHECK(missing.error().message.find(".wasm") != std::string::npos);
}

TEST_CASE("a folder is not a module") {
  const auto folder = read_module("/");
  REQUIRE_FALSE(folder.has_value());
  CHECK(folder.error().code == ErrorCode::kInvalidArgument);
}

}  // namespace berth::registry
