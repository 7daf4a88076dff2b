// SPDX-License-Identifier: Apache-2.0
#include "providers/content/block_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/os/file.h"
#include "providers/content/block.h"
#include "providers/content/multibase.h"

namespace berth::content {
namespace {

namespace fs = std::filesystem;

// bford.info/cachedir
constexpr std::string_view kCacheTag =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# Content that berth fetched, and can fetch again.\n";

/// Two characters near the end of the name: those at its front are the same for all.
std::string_view folder_of(std::string_view name) {
  return name.substr(name.size() - std::min<size_t>(name.size(), 3), 2);
}

std::string block_in(const std::string& folder, std::string_view name) {
  return fmt::format("{}/blocks/{}/{}", folder, folder_of(name), name);
}

bool exists(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

Result<void> each_file_below(const std::string& path, bool cached, const BlockFiles::Each& call) {
  std::error_code error;
  if (!fs::exists(path, error) && !error) return {};
  auto at = fs::recursive_directory_iterator(path, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    const bool regular = at->is_regular_file(error);
    const auto size = regular ? at->file_size(error) : 0;
    const auto used = regular && !error ? at->last_write_time(error) : fs::file_time_type();
    if (error && error != std::errc::no_such_file_or_directory)
      return file_error("looking at", at->path(), error);
    if (regular && !error)
      call({.path = at->path(),
            .name = at->path().filename().string(),
            .bytes = size,
            .used = used.time_since_epoch().count(),
            .cached = cached});
    error.clear();
  }
  if (error) return file_error("reading", path, error);
  return {};
}

Result<void> write_block(const std::string& path, std::string_view bytes) {
  auto written = write_file(path, std::array{bytes}, 0400, Durability::kRenamed);
  if (written || written.error().code != ErrorCode::kNotFound) return written;
  const fs::path folder = fs::path(path).parent_path();
  // All of them: a cache is emptied by people, too.
  for (const fs::path& each : {folder.parent_path().parent_path(), folder.parent_path(), folder})
    BERTH_TRY_VOID(make_private_folder(each.string()));
  return write_file(path, std::array{bytes}, 0400, Durability::kRenamed);
}

/// Nothing where there is none any more. Between file systems, and where renaming from one
/// folder to another isn't allowed, it is written anew.
Result<void> move_block(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error == std::errc::no_such_file_or_directory && exists(from)) {
    BERTH_TRY_VOID(make_private_folder(fs::path(to).parent_path().string()));
    fs::rename(from, to, error);
  }
  if (!error || error == std::errc::no_such_file_or_directory) return {};
  if (error != std::errc::cross_device_link) return file_error("moving", from, error);
  const auto bytes = read_file(from, kMostBlock);
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) return {};
  if (!bytes) return std::unexpected(bytes.error());
  BERTH_TRY_VOID(write_block(to, *bytes));
  fs::remove(from, error);
  return {};
}

}  // namespace

std::unexpected<Error> file_error(std::string_view doing, const fs::path& path,
                                  const std::error_code& error) {
  return fail(ErrorCode::kUnavailable, fmt::format("{} '{}': {}", doing, path.string(), error.message()));
}

std::string block_name(const Multihash& hash) {
  return to_multibase(Base::kBase32, hash.bytes()).substr(1);
}

std::optional<Multihash> hash_of_name(const std::string& name) {
  const auto bytes = from_multibase("b" + name);
  if (!bytes) return std::nullopt;
  std::string_view rest = *bytes;
  auto hash = take_multihash(rest);
  if (!hash || !rest.empty()) return std::nullopt;
  return *std::move(hash);
}

std::string BlockFiles::kept(std::string_view name) const {
  return block_in(folders_.kept, name);
}

std::string BlockFiles::cached(std::string_view name) const {
  return block_in(folders_.cached, name);
}

Result<void> BlockFiles::make_folders() const {
  for (const std::string* const folder : {&folders_.kept, &folders_.cached}) {
    BERTH_TRY_VOID(make_private_folder(*folder));
    BERTH_TRY_VOID(make_private_folder(*folder + "/blocks"));
  }
  // Backup tools pass by such a folder. Where it can't be written they take it along.
  if (const std::string tag = folders_.cached + "/CACHEDIR.TAG"; !exists(tag))
    (void)write_file(tag, std::array{kCacheTag}, 0600, Durability::kRenamed);
  return {};
}

std::string BlockFiles::path(const Multihash& hash) const {
  const std::string name = block_name(hash);
  return exists(cached(name)) ? cached(name) : kept(name);
}

// In both the last look is for one that was moved after the first.
bool BlockFiles::has(const Multihash& hash) const {
  const std::string name = block_name(hash);
  return exists(kept(name)) || exists(cached(name)) || exists(kept(name));
}

BlockFiles::Found BlockFiles::find(const Multihash& hash) const {
  const std::string name = block_name(hash);
  Found found{.bytes = fail(ErrorCode::kNotFound, "nowhere"), .path = {}};
  for (const std::string* const folder : {&folders_.kept, &folders_.cached, &folders_.kept}) {
    found.path = block_in(*folder, name);
    found.bytes = read_file(found.path, kMostBlock);
    if (found.bytes || found.bytes.error().code != ErrorCode::kNotFound) break;
  }
  return found;
}

Result<void> BlockFiles::put(const Multihash& hash, std::string_view bytes) const {
  const std::string name = block_name(hash);
  const std::string path = kept(name);
  // One that isn't the same is damaged, and gets its right bytes: whoever puts may be told that it is there.
  if (const auto there = read_file(path, kMostBlock); there && *there == bytes) {
    touch_file(path);
    return {};
  }
  const auto there = read_file(cached(name), kMostBlock);
  if (there && *there == bytes && !exists(path)) return stay(hash, bytes);
  BERTH_TRY_VOID(write_block(path, bytes));
  // Where there are two the other one is of no use, and may be damaged.
  std::error_code gone;
  if (there) fs::remove(cached(name), gone);
  return {};
}

Result<void> BlockFiles::cache(const Multihash& hash, std::string_view bytes) const {
  const Found there = find(hash);
  if (there.bytes && *there.bytes == bytes) {
    touch_file(there.path);
    return {};
  }
  if (there.bytes || there.bytes.error().code != ErrorCode::kNotFound) return write_block(there.path, bytes);
  const std::string name = block_name(hash);
  const auto written = write_block(cached(name), bytes);
  // Whoever emptied it may have taken the folder that this process is allowed to write to.
  return written ? written : write_block(kept(name), bytes);
}

Result<void> BlockFiles::stay(const Multihash& hash, std::string_view bytes) const {
  const std::string name = block_name(hash);
  const std::string path = kept(name);
  // One that is there was what was read. The other may have gone, or be another process's to remove.
  if (!exists(path)) BERTH_TRY_VOID(move_block(cached(name), path));
  return exists(path) ? Result<void>() : write_block(path, bytes);
}

Result<void> BlockFiles::move_to_kept(const BlockFile& file) const {
  return move_block(file.path.string(), kept(file.name));
}

void BlockFiles::move_to_cache(const BlockFile& file) const {
  const fs::path to = cached(file.name);
  std::error_code error;
  fs::rename(file.path, to, error);
  if (!error || !make_private_folder(to.parent_path().string())) return;
  fs::rename(file.path, to, error);
}

bool BlockFiles::is_spare(const BlockFile& file) const {
  return file.cached && exists(kept(file.name));
}

Result<void> BlockFiles::each_below(const std::string& within, const Each& call) const {
  BERTH_TRY_VOID(each_file_below(folders_.kept + within, false, call));
  return each_file_below(folders_.cached + within, true, call);
}

Result<void> BlockFiles::each(const Each& call) const {
  return each_below("/blocks", call);
}

Result<void> BlockFiles::each_in(std::string_view name, const Each& call) const {
  return each_below(fmt::format("/blocks/{}", name), call);
}

Result<std::set<std::string>> BlockFiles::names_of_folders() const {
  std::set<std::string> names;
  for (const std::string* const folder : {&folders_.kept, &folders_.cached}) {
    const std::string path = *folder + "/blocks";
    if (!exists(path)) continue;
    std::error_code error;
    auto at = fs::directory_iterator(path, error);
    for (; !error && at != fs::directory_iterator(); at.increment(error))
      if (at->is_directory(error)) names.insert(at->path().filename().string());
    if (error) return file_error("reading", path, error);
  }
  return names;
}

}  // namespace berth::content
