// SPDX-License-Identifier: Apache-2.0
#pragma once
// Modules from files: the bytes, whose digest is the module's identity. What is clearly something
// else is named for what it is before any parser of modules sees it.
//
// Blocks on the file. Any thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"

namespace berth::registry {

/// In bytes. Compiling takes some 50 times a module's size in memory.
inline constexpr uint64_t kLargestModule = uint64_t{256} << 20;

struct ModuleFile {
  std::string name;  // the file's name without its folder: what a person calls it
  std::string bytes;

  /// The module's identity. Reads all its bytes: some 3 ms a megabyte.
  Digest digest() const {
    return sha256(bytes);
  }
};

/// kNotFound, kInvalidArgument (a folder, too large) or kInvalidModule (a picture, a script…).
Result<ModuleFile> read_module(const std::string& path);

/// The file's name without its folder.
std::string module_name(const std::string& path);

/// What bytes that can't be a module are: "a PNG image". Empty when they may be one, binary or text.
std::string_view name_of_foreign(std::string_view bytes);

}  // namespace berth::registry
