// SPDX-License-Identifier: Apache-2.0
#include "providers/content/folder_out.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/os/file.h"
#include "policy/printable.h"

namespace berth::content {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kDeepest = 512;
constexpr size_t kMostMessage = 8192;
constexpr uint32_t kPermissions = 0777;  // never set-user-ID and the like

Result<void> check_name(const std::string& name, const Cid& folder) {
  const bool plain = !name.empty() && name != "." && name != ".." && name.size() <= 255 &&
                     name.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
  if (plain) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("the directory {} has a name that can't be that of a file: {}", folder.text(),
                          policy::quoted(name)));
}

class Writer {
 public:
  Writer(BlockSource& source, const FolderOut& how) : source_(source), how_(how) {}

  Result<void> write(const Node& node, const std::string& path, unsigned depth) {
    if (++entries_ > kMostEntries)
      return fail(ErrorCode::kLimit,
                  fmt::format("more than {} files and folders: get parts of it", kMostEntries));
    switch (node.kind) {
      case Node::Kind::kFile:
        return file(node, path);
      case Node::Kind::kDirectory:
        return directory(node, path, depth);
      case Node::Kind::kSymlink:
        return symlink(node, path, depth);
      case Node::Kind::kOther:
        break;
    }
    return fail(ErrorCode::kUnsupported,
                fmt::format("the block {} is {}, no file: 'berth content get --raw' gives its bytes",
                            node.cid.text(), codec_name(node.cid.codec)));
  }

 private:
  Result<void> file(const Node& node, const std::string& path) {
    NewFile file = BERTH_TRY(NewFile::make(path, 0666));
    const auto put = [&](std::string_view bytes) {
      if (how_.bytes != nullptr) *how_.bytes += bytes.size();
      return file.write(bytes);
    };
    BERTH_TRY_VOID(read_file(source_, node, 0, UINT64_MAX, put));
    const uint32_t mode = node.about.mode.value_or(0) & kPermissions;
    const ModifiedTime time = node.about.modified.value_or(ModifiedTime{});
    const std::pair modified(time.seconds, time.nanoseconds);
    return file.set(node.about.mode ? &mode : nullptr, node.about.modified ? &modified : nullptr);
  }

  Result<void> directory(const Node& node, const std::string& path, unsigned depth) {
    if (depth == kDeepest)
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{} is more than {} folders deep", node.cid.text(), depth));
    std::error_code error;
    if (!fs::create_directory(path, error))
      return fail(ErrorCode::kUnavailable,
                  fmt::format("making '{}': {}", path, error ? error.message() : "it is there already"));
    const auto each = [&](const PbLink& entry) -> Result<void> {
      BERTH_TRY_VOID(check_name(entry.name, node.cid));
      const Node below = BERTH_TRY(open_node(source_, entry.cid));
      return write(below, fmt::format("{}/{}", path, entry.name), depth + 1);
    };
    BERTH_TRY_VOID(list(source_, node, each));
    if (node.about.mode) {
      fs::permissions(path, static_cast<fs::perms>((*node.about.mode & kPermissions) | 0700U), error);
      if (error)
        return fail(ErrorCode::kUnavailable, fmt::format("changing '{}': {}", path, error.message()));
    }
    return {};
  }

  Result<void> symlink(const Node& node, const std::string& path, unsigned depth) {
    if (!how_.links) return {};
    const std::string target = node.about.data.value_or("");
    if (!stays_within(target, depth > 0 ? depth - 1 : 0))
      return fail(
          ErrorCode::kInvalidArgument,
          fmt::format("the symlink {} leads to {}, which may be outside: --no-links leaves symlinks out",
                      node.cid.text(), policy::quoted(target)));
    std::error_code error;
    fs::create_symlink(target, path, error);
    if (error) return fail(ErrorCode::kUnavailable, fmt::format("making '{}': {}", path, error.message()));
    return {};
  }

  BlockSource& source_;
  const FolderOut& how_;
  uint64_t entries_ = 0;
};

}  // namespace

bool stays_within(std::string_view target, unsigned depth) {
  if (target.empty() || target.starts_with('/') || target.find('\0') != std::string_view::npos) return false;
  unsigned up = 0;
  bool down = false;
  while (!target.empty()) {
    const std::string_view name = target.substr(0, target.find('/'));
    target.remove_prefix(std::min(name.size() + 1, target.size()));
    if (name.empty() || name == ".") continue;
    // Behind a name that may be another symlink, '..' can lead anywhere.
    if (name == ".." && (down || ++up > depth)) return false;
    if (name != "..") down = true;
  }
  return true;
}

Result<void> write_tree(BlockSource& source, const Node& node, const std::string& path,
                        const FolderOut& how) {
  if (file_facts(path))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is there already: remove it, or name another with --output", path));
  std::array<std::byte, 8> salt{};
  random_bytes(salt);
  std::string aside = path;
  while (aside.ends_with('/')) aside.pop_back();
  aside += ".";
  for (const std::byte byte : salt) aside += fmt::format("{:02x}", static_cast<unsigned>(byte));
  aside += ".part";
  std::error_code error;
  if (const auto written = Writer(source, how).write(node, aside, 0); !written) {
    fs::remove_all(aside, error);
    // It may have foreign names within paths.
    return fail(written.error().code, policy::printable(written.error().message, kMostMessage));
  }
  if (fs::symlink_status(aside, error).type() == fs::file_type::not_found)
    return {};  // a symlink that was left out
  auto renamed = rename_new(aside, path);
  if (!renamed) fs::remove_all(aside, error);
  return renamed;
}

}  // namespace berth::content
