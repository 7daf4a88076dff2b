// SPDX-License-Identifier: Apache-2.0
#include "registry/module_file.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>

#include "base/os/file.h"

namespace berth::registry {
namespace {

struct Signature {
  std::string_view begins;
  std::string_view name;
};

using namespace std::string_view_literals;

constexpr auto kSignatures = std::to_array<Signature>({
    {"\x89PNG\r\n"sv, "a PNG image"},
    {"\xff\xd8\xff"sv, "a JPEG image"},
    {"GIF8"sv, "a GIF image"},
    {"\x7f"
     "ELF"sv,
     "an ELF program or library of this or another machine"},
    {"MZ"sv, "a Windows program"},
    {"\xcf\xfa\xed\xfe"sv, "a macOS program"},
    {"\x1f\x8b"sv, "a gzip archive"},
    {"\x28\xb5\x2f\xfd"sv, "a zstd archive"},
    {"\xfd"
     "7zXZ"sv,
     "an xz archive"},
    {"PK\x03\x04"sv, "a zip archive"},
    {"!<arch>\n"sv, "a static library"},
    {"BC\xc0\xde"sv, "LLVM bitcode"},
    {"%PDF"sv, "a PDF document"},
    {"#!"sv, "a script"},
    {"<!DOCTYPE"sv, "a web page"},
    {"<html"sv, "a web page"},
    {"{"sv, "a JSON document"},
});

/// WebAssembly text begins with a parenthesis, after white space and comments.
bool begins_as_text(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t first = bytes.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return false;
    bytes.remove_prefix(first);
    if (bytes.starts_with(";;")) {
      const size_t end = bytes.find('\n');
      if (end == std::string_view::npos) return false;
      bytes.remove_prefix(end);
    } else if (bytes.starts_with("(;")) {
      return true;  // nests; the assembler knows
    } else {
      return bytes.front() == '(';
    }
  }
  return false;
}

}  // namespace

std::string_view name_of_foreign(std::string_view bytes) {
  if (bytes.empty()) return "an empty file";
  for (const Signature& signature : kSignatures) {
    if (bytes.starts_with(signature.begins)) return signature.name;
  }
  const std::string_view magic = "\0asm"sv;
  if (bytes.starts_with(magic) || magic.starts_with(bytes) || begins_as_text(bytes)) return "";
  return bytes.substr(0, 512).find('\0') == std::string_view::npos ? "a text file"
                                                                   : "a file of an unknown kind";
}

std::string module_name(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

Result<ModuleFile> read_module(const std::string& path) {
  auto bytes = read_file(path, kLargestModule);
  if (!bytes) {
    Error error = std::move(bytes).error();
    if (error.code == ErrorCode::kNotFound) error.message += "; give the path of a .wasm or .wat file";
    return std::unexpected(std::move(error));
  }
  if (const std::string_view foreign = name_of_foreign(*bytes); !foreign.empty()) {
    return fail(
        ErrorCode::kInvalidModule,
        fmt::format("'{}' is {}, not a WebAssembly module: give a .wasm or .wat file", path, foreign));
  }
  return ModuleFile{.name = module_name(path), .bytes = std::move(*bytes)};
}

}  // namespace berth::registry
