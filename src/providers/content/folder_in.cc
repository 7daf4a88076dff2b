// SPDX-License-Identifier: Apache-2.0
#include "providers/content/folder_in.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/os/file.h"
#include "providers/content/directory_layout.h"

namespace berth::content {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kDeepest = 512;

Result<std::vector<std::string>> names_in(const std::string& folder, bool hidden) {
  std::vector<std::string> names;
  std::error_code error;
  for (auto at = fs::directory_iterator(folder, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    std::string name = at->path().filename().string();
    if (hidden || !name.starts_with('.')) names.push_back(std::move(name));
  }
  if (error) return fail(ErrorCode::kUnavailable, fmt::format("reading '{}': {}", folder, error.message()));
  std::ranges::sort(names);
  return names;
}

Result<Made> add(const std::string& path, const FolderIn& how, BlockSink& sink, unsigned depth) {
  if (depth > kDeepest)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is more than {} folders deep", path, kDeepest));
  const FileFacts facts = BERTH_TRY(file_facts(path));
  Attributes attributes;
  if (how.mode && facts.kind != FileFacts::Kind::kLink && facts.mode != 0) attributes.mode = facts.mode;
  if (how.modified)
    attributes.modified =
        ModifiedTime{.seconds = facts.modified_seconds, .nanoseconds = facts.modified_nanoseconds};
  switch (facts.kind) {
    case FileFacts::Kind::kFile: {
      FileStream file = BERTH_TRY(FileStream::open(path));
      const auto read = [&](std::span<char> into) -> Result<size_t> {
        const size_t got = BERTH_TRY(file.read(into));
        if (how.bytes != nullptr) *how.bytes += got;
        return got;
      };
      return add_file(read, how.profile, attributes, sink);
    }
    case FileFacts::Kind::kFolder: {
      std::vector<PbLink> entries;
      for (std::string& name : BERTH_TRY(names_in(path, how.hidden))) {
        Made made = BERTH_TRY(add(fmt::format("{}/{}", path, name), how, sink, depth + 1));
        entries.push_back({.cid = std::move(made.cid), .name = std::move(name), .tsize = made.tsize});
      }
      return add_directory(std::move(entries), how.profile, attributes, sink);
    }
    case FileFacts::Kind::kLink: {
      std::error_code error;
      const fs::path target = fs::read_symlink(path, error);
      if (error) return fail(ErrorCode::kUnavailable, fmt::format("reading '{}': {}", path, error.message()));
      return add_symlink(target.string(), how.profile, attributes, sink);
    }
    case FileFacts::Kind::kOther:
      break;
  }
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}' is no file, folder or symlink: leave it out", path));
}

}  // namespace

Result<Made> add_path(const std::string& path, const FolderIn& how, BlockSink& sink) {
  FolderIn kept{.profile = how.profile,
                .hidden = how.hidden,
                .mode = how.mode,
                .modified = how.modified,
                .bytes = how.bytes};
  // Raw bytes can't say anything of themselves: kubo does the same.
  if (how.mode || how.modified) kept.profile.raw_leaves = false;
  return add(path, kept, sink, 0);
}

}  // namespace berth::content
