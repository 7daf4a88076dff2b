// SPDX-License-Identifier: Apache-2.0
#include "compiled.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace {

namespace fs = std::filesystem;

berth::Result<std::vector<char>> bytes_of(const fs::path& path) {
  std::error_code failed;
  const auto size = fs::file_size(path, failed);
  std::vector<char> bytes(failed ? 0 : size);
  std::ifstream file(path, std::ios::binary);
  if (!failed && file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) return bytes;
  return berth::fail(berth::ErrorCode::kNotFound, "can't read '" + path.string() + "'");
}

/// It is machine code: nobody else may put any there.
bool is_own(const fs::path& folder) {
  struct stat about = {};
  return ::stat(folder.c_str(), &about) == 0 && about.st_uid == ::geteuid() && (about.st_mode & 0022) == 0;
}

berth::Result<void> make_own(const fs::path& folder) {
  if (fs::exists(folder) || ::mkdir(folder.c_str(), 0700) == 0) {
    if (is_own(folder)) return {};
    return berth::fail(berth::ErrorCode::kDenied,
                       "others may write to '" + folder.string() + "': take another folder");
  }
  return berth::fail(berth::ErrorCode::kUnavailable, "can't make the folder '" + folder.string() + "'");
}

}  // namespace

berth::Result<void> compile(const berth::Host& host, const fs::path& module, const fs::path& folder) {
  const auto bytes = bytes_of(module);
  if (!bytes) return std::unexpected(bytes.error());
  const auto code = host.compile(std::as_bytes(std::span(*bytes)));
  if (!code) return std::unexpected(code.error());
  if (const auto own = make_own(folder); !own) return own;
  std::error_code failed;
  const fs::path made = folder / (module.filename().string() + kCompiled);
  const fs::path aside = made.string() + ".part";
  std::ofstream file(aside, std::ios::binary);
  file.write(reinterpret_cast<const char*>(code->data()), static_cast<std::streamsize>(code->size()));
  file.close();
  if (file) fs::rename(aside, made, failed);
  if (file && !failed) return {};
  return berth::fail(berth::ErrorCode::kUnavailable, "can't write '" + made.string() + "'");
}

berth::Result<std::shared_ptr<berth::Module>> load(berth::Host& host, const fs::path& compiled) {
  if (!is_own(compiled.parent_path()))
    return berth::fail(berth::ErrorCode::kDenied,
                       "others may write to the folder of '" + compiled.string() + "'");
  const auto bytes = bytes_of(compiled);
  if (!bytes) return std::unexpected(bytes.error());
  return host.load_compiled(std::as_bytes(std::span(*bytes)), compiled.stem().string());
}
