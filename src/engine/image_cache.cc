// SPDX-License-Identifier: Apache-2.0
#include "engine/image_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <span>
#include <type_traits>

#include "base/os/file.h"
#include "engine/hashes.h"

namespace berth::engine {
namespace {

namespace fs = std::filesystem;

// An entry: the image from the first byte on, since it is mapped in place, then this, and the tag over all of
// it.
struct Trailer {
  std::array<char, 8> magic = kMagic;
  uint64_t instance_bytes = 0;
  uint64_t needs_bits = 0;
  Digest digest;

  static constexpr std::array<char, 8> kMagic{'b', 'e', 'r', 't', 'h', 'A', 'O', '3'};

  static Trailer of(const Needs& needs, const Digest& digest) {
    const uint64_t bits = (needs.concurrency ? 1 : 0) | (needs.error_contexts ? 2 : 0);
    return {.instance_bytes = needs.instance_bytes, .needs_bits = bits, .digest = digest};
  }
  Needs needs() const {
    return {.instance_bytes = instance_bytes,
            .concurrency = (needs_bits & 1) != 0,
            .error_contexts = (needs_bits & 2) != 0};
  }
};
static_assert(std::is_trivially_copyable_v<Trailer> && sizeof(Trailer) == 56);
constexpr size_t kTagBytes = 32;
constexpr std::string_view kSuffix = ".image";
constexpr auto kTouchedAtMostEvery = std::chrono::hours(24);
constexpr auto kLeftAsideAfter = std::chrono::hours(1);

std::string entry_name(std::string_view content_hash, uint64_t compatibility) {
  return fmt::format("{}-{:016x}", content_hash, compatibility);
}

/// What stands behind the image of a whole entry.
std::optional<Trailer> trailer_of(std::string_view entry) {
  if (entry.size() <= sizeof(Trailer) + kTagBytes) return std::nullopt;
  Trailer trailer;
  std::memcpy(&trailer, entry.data() + entry.size() - kTagBytes - sizeof trailer, sizeof trailer);
  return trailer.magic == Trailer::kMagic ? std::optional(trailer) : std::nullopt;
}

/// Whether all bytes of an entry are what this user's berth wrote under this very name.
bool authentic(std::string_view key, std::string_view name, std::string_view entry) {
  if (entry.size() <= kTagBytes) return false;
  const std::string_view tag = entry.substr(entry.size() - kTagBytes);
  const std::string wanted = image_tag(key, name, entry.substr(0, entry.size() - kTagBytes));
  unsigned different = 0;  // compared whole: time tells nothing about where they differ
  for (size_t i = 0; i < kTagBytes; ++i) different |= static_cast<unsigned char>(tag[i] ^ wanted[i]);
  return different == 0;
}

/// The regular files of a folder; as many as can be read.
std::vector<fs::path> files_in(const std::string& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (auto at = fs::directory_iterator(folder, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    std::error_code gone;
    if (at->is_regular_file(gone)) files.push_back(at->path());
  }
  return files;
}

Result<std::string> read_or_make_key(const std::string& folder) {
  const std::string path = folder + "/key";
  std::error_code error;
  const fs::perms open_to_others = fs::perms::group_all | fs::perms::others_all;
  const fs::file_status status = fs::symlink_status(path, error);
  if (fs::exists(status)) {
    if (!fs::is_regular_file(status) || (status.permissions() & open_to_others) != fs::perms::none) {
      return fail(ErrorCode::kDenied,
                  fmt::format("the cache's key '{}' is open to other users: run 'berth cache clear'", path));
    }
    auto key = read_file(path, 32);
    if (key && key->size() == 32) return key;
  }
  std::array<std::byte, 32> fresh;
  random_bytes(fresh);
  const std::string key(reinterpret_cast<const char*>(fresh.data()), fresh.size());
  const std::string_view parts[] = {key};
  BERTH_TRY_VOID(write_file(path, parts, 0600, Durability::kRenamed));
  return key;
}

}  // namespace

Result<std::unique_ptr<ImageCache>> ImageCache::open(const std::string& folder, uint64_t limit_bytes) {
  BERTH_TRY_VOID(make_private_folder(folder));
  std::string key = BERTH_TRY(read_or_make_key(folder));
  return std::unique_ptr<ImageCache>(new ImageCache(folder, std::move(key), limit_bytes));
}

std::optional<ImageCache::Found> ImageCache::find(const Engine& engine, EngineKind kind,
                                                  std::string_view content_hash) {
  const auto compatibility = engine.compatibility(kind);
  if (!compatibility) return std::nullopt;
  const std::string name = entry_name(content_hash, *compatibility);
  const std::string path = fmt::format("{}/{}{}", folder_, name, kSuffix);
  std::optional<Trailer> trailer;
  {
    const auto entry = MappedFile::open(path);
    if (!entry) return std::nullopt;
    trailer = trailer_of(entry->bytes());
    if (!trailer || (!trust_unchecked_ && !authentic(key_, name, entry->bytes()))) {
      std::error_code ignored;
      fs::remove(path, ignored);
      return std::nullopt;
    }
  }
  auto opened = engine.open_file(kind, path, trailer->needs());
  if (!opened) return std::nullopt;
  std::error_code error;
  const auto now = fs::file_time_type::clock::now();
  if (const auto used = fs::last_write_time(path, error); !error && now - used > kTouchedAtMostEvery) {
    fs::last_write_time(path, now, error);
  }
  return Found{.module = std::move(*opened), .digest = trailer->digest};
}

Result<void> ImageCache::keep(const Engine& engine, EngineKind kind, std::string_view module_bytes,
                              const Digest& digest, const Image& image) {
  const std::string name = entry_name(content_hash(module_bytes), BERTH_TRY(engine.compatibility(kind)));
  const Trailer trailer = Trailer::of(image.needs, digest);
  std::string entry = image.code;
  entry.append(reinterpret_cast<const char*>(&trailer), sizeof trailer);
  const std::string tag = image_tag(key_, name, entry);
  const std::string_view parts[] = {entry, tag};
  // Not synced: an entry that a crash cut off doesn't fit its tag.
  BERTH_TRY_VOID(
      write_file(fmt::format("{}/{}{}", folder_, name, kSuffix), parts, 0600, Durability::kRenamed));
  make_room();
  return {};
}

std::vector<ImageCache::Entry> ImageCache::list() const {
  std::vector<Entry> entries;
  for (const fs::path& path : files_in(folder_)) {
    if (!path.filename().string().ends_with(kSuffix)) continue;
    std::error_code gone;  // other processes clear the cache too
    const uint64_t size = fs::file_size(path, gone);
    if (gone) continue;
    const auto written = fs::last_write_time(path, gone);
    if (gone) continue;
    const auto mapped = MappedFile::open(path.string());
    const auto trailer = mapped ? trailer_of(mapped->bytes()) : std::nullopt;
    const auto used = std::chrono::file_clock::to_sys(written).time_since_epoch();
    entries.push_back({.path = path.string(),
                       .digest_hex = trailer ? trailer->digest.hex() : "",
                       .size_bytes = size,
                       .used_unix_seconds = std::chrono::duration_cast<std::chrono::seconds>(used).count()});
  }
  std::ranges::sort(entries, std::greater(), &Entry::used_unix_seconds);
  return entries;
}

size_t ImageCache::clear() {
  size_t removed = 0;
  std::error_code error;
  for (const Entry& entry : list()) removed += fs::remove(entry.path, error) ? 1 : 0;
  return removed;
}

void ImageCache::make_room() {
  uint64_t total = 0;
  std::error_code error;
  // What a killed process was writing aside.
  const auto long_ago = fs::file_time_type::clock::now() - kLeftAsideAfter;
  for (const fs::path& path : files_in(folder_)) {
    if (path.extension() != ".tmp") continue;
    const auto written = fs::last_write_time(path, error);
    if (!error && written < long_ago) fs::remove(path, error);
  }
  for (const Entry& entry : list()) {
    total += entry.size_bytes;
    if (total > limit_bytes_) fs::remove(entry.path, error);
  }
}

}  // namespace berth::engine
