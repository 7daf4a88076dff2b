// SPDX-License-Identifier: Apache-2.0
#include "registry/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <set>

#include "base/os/file.h"
#include "base/os/user.h"

namespace berth::registry {
namespace {

namespace fs = std::filesystem;
using Lock = LockedFile::Lock;
using Wait = LockedFile::Wait;

constexpr uint64_t kMostRecord = 1 << 20;
constexpr std::string_view kEnding = ".json";
constexpr auto kLeftAsideAfter = std::chrono::hours(1);
constexpr size_t kPiece = 256 << 10;
constexpr size_t kHeldAtOnce = 200;  // files that are open

/// The names of a folder's files; as many as can be read.
std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (auto at = fs::directory_iterator(folder, error); !error && at != fs::directory_iterator();
       at.increment(error))
    files.push_back(at->path().filename().string());
  std::ranges::sort(files);
  return files;
}

bool is_blob_name(std::string_view name) {
  return name.size() == 64 &&
         std::ranges::all_of(name, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<Digest> digest_of(const LockedFile& file) {
  Sha256 sha;
  std::vector<char> piece(kPiece);
  for (uint64_t at = 0;;) {
    const size_t got = BERTH_TRY(file.read_at(at, piece));
    if (got == 0) return sha.digest();
    sha.add({piece.data(), got});
    at += got;
  }
}

uint64_t size_of(const fs::path& path) {
  std::error_code gone;
  const uint64_t size = fs::file_size(path, gone);
  return gone ? 0 : size;
}

/// Older than anybody's writing takes.
bool is_left_aside(const fs::path& path) {
  std::error_code gone;
  const auto written = fs::last_write_time(path, gone);
  return !gone && fs::file_time_type::clock::now() - written > kLeftAsideAfter;
}

std::set<std::string> named_blobs(const std::vector<Record>& records) {
  std::set<std::string> named;
  for (const Record& record : records) {
    named.insert(record.module.hex());
    if (record.manifest) named.insert(record.manifest->hex());
  }
  return named;
}

}  // namespace

Result<Store> Store::open(const std::string& folder) {
  BERTH_TRY_VOID(make_private_folder(folder));
  for (const char* const part : {"/blobs", "/names", "/facts", "/partial"})
    BERTH_TRY_VOID(make_private_folder(folder + part));
  return Store(folder);
}

Result<Store> Store::open_users() {
  return open(BERTH_TRY(user_data_folder()) + "/store");
}

std::string Store::blob_path(const Digest& digest) const {
  return fmt::format("{}/blobs/{}", folder_, digest.hex());
}

std::string Store::record_path(const std::string& name) const {
  return fmt::format("{}/names/{}{}", folder_, sha256(name).hex(), kEnding);
}

std::string Store::facts_path(const Digest& module) const {
  return fmt::format("{}/facts/{}{}", folder_, module.hex(), kEnding);
}

Result<std::optional<Blob>> Store::find(const Digest& digest, Trust trust) const {
  auto file = LockedFile::open(blob_path(digest), Lock::kShared, Wait::kYes);
  if (!file && file.error().code == ErrorCode::kNotFound) return std::nullopt;
  if (!file) return std::unexpected(file.error());
  if (trust == Trust::kBytes && BERTH_TRY(digest_of(**file)) != digest) {
    BERTH_TRY_VOID((*file)->remove());
    return std::nullopt;
  }
  (*file)->touch();
  return Blob{.file = **std::move(file)};
}

Result<std::optional<std::string>> Store::read(const Digest& digest, uint64_t most_bytes) const {
  auto text = read_file(blob_path(digest), most_bytes);
  if (!text && text.error().code == ErrorCode::kNotFound) return std::nullopt;
  if (!text) return std::unexpected(text.error());
  if (sha256(*text) != digest) return std::nullopt;
  return *std::move(text);
}

Result<Wanted> Store::want(const Digest& digest, const std::function<void()>& waits) const {
  const std::string path = fmt::format("{}/partial/{}", folder_, digest.hex());
  if (auto there = BERTH_TRY(find(digest))) return Wanted{.there = std::move(there), .incoming = nullptr};
  auto file = BERTH_TRY(LockedFile::make(path, Wait::kNo));
  if (!file) {
    if (waits) waits();
    file = BERTH_TRY(LockedFile::make(path, Wait::kYes));
  }
  // Whoever had it before may have brought it.
  if (auto there = BERTH_TRY(find(digest))) {
    BERTH_TRY_VOID(file->remove());
    return Wanted{.there = std::move(there), .incoming = nullptr};
  }
  return Wanted{.there = {}, .incoming = Incoming::start(*std::move(file))};
}

Result<std::unique_ptr<Incoming>> Store::want_unknown() const {
  std::array<std::byte, 32> name = {};
  random_bytes(name);
  const std::string_view bytes(reinterpret_cast<const char*>(name.data()), name.size());
  auto file =
      BERTH_TRY(LockedFile::make(fmt::format("{}/partial/{}", folder_, sha256(bytes).hex()), Wait::kYes));
  return Incoming::start(*std::move(file));
}

Result<Blob> Store::keep(std::unique_ptr<Incoming> incoming, const std::optional<Digest>& wanted) const {
  const Digest digest = BERTH_TRY(incoming->digest());
  LockedFile& file = incoming->file();
  if (wanted && digest != *wanted) {
    BERTH_TRY_VOID(file.remove());
    return fail(ErrorCode::kInvalidModule,
                fmt::format("the bytes that came are {}, and not {}", digest.text(), wanted->text()));
  }
  BERTH_TRY_VOID(file.publish(blob_path(digest)));
  return Blob{.file = std::move(file)};
}

Result<Blob> Store::keep(std::string_view bytes) const {
  const Digest digest = sha256(bytes);
  if (auto there = BERTH_TRY(find(digest, Trust::kBytes))) return *std::move(there);
  Wanted wanted = BERTH_TRY(want(digest));
  if (wanted.there) return *std::move(wanted.there);
  BERTH_TRY_VOID(wanted.incoming->restart());
  BERTH_TRY_VOID(wanted.incoming->add(bytes));
  return keep(std::move(wanted.incoming), digest);
}

Result<void> Store::put(const Record& record) const {
  const std::string text = write_record(record);
  const std::string_view parts[] = {text};
  return write_file(record_path(record.name), parts, 0600, Durability::kSynced);
}

Result<std::optional<Record>> Store::record(const std::string& name) const {
  const std::string path = record_path(name);
  const auto text = read_file(path, kMostRecord);
  if (!text && text.error().code == ErrorCode::kNotFound) return std::nullopt;
  if (!text) return std::unexpected(text.error());
  auto record = read_record(*text);
  if (!record || record->name != name)
    return fail(
        ErrorCode::kUnavailable,
        fmt::format("what the store has of '{}' can't be read: 'berth verify --repair' removes it", name));
  return *std::move(record);
}

Result<std::vector<Record>> Store::records() const {
  std::vector<Record> records;
  for (const std::string& file : files_in(folder_ + "/names")) {
    if (!file.ends_with(kEnding)) continue;
    const auto text = read_file(fmt::format("{}/names/{}", folder_, file), kMostRecord);
    if (!text) continue;  // somebody has just removed it
    auto record = read_record(*text);
    if (record && sha256(record->name).hex() + std::string(kEnding) == file)
      records.push_back(*std::move(record));
  }
  std::ranges::sort(records, {}, &Record::name);
  return records;
}

Result<bool> Store::remove(const std::string& name) const {
  const auto found = record(name);
  std::error_code error;
  const bool was_there = fs::remove(record_path(name), error);
  if (error) return fail(ErrorCode::kUnavailable, fmt::format("removing '{}': {}", name, error.message()));
  BERTH_TRY_VOID(sync_folder(folder_ + "/names"));
  if (!found || !*found) return was_there;
  std::vector<std::string> candidates{(*found)->module.hex()};
  if ((*found)->manifest) candidates.push_back((*found)->manifest->hex());
  std::ignore = BERTH_TRY(remove_unnamed(candidates));
  return was_there;
}

/// Each is locked first: whoever brings a name holds its blobs until the name is written, so that what has no
/// name then gets none.
Result<Removed> Store::remove_unnamed(const std::vector<std::string>& candidates) const {
  Removed removed;
  for (size_t begin = 0; begin < candidates.size(); begin += kHeldAtOnce) {
    std::vector<LockedFile> held;
    for (size_t i = begin; i < std::min(candidates.size(), begin + kHeldAtOnce); ++i) {
      auto file =
          LockedFile::open(fmt::format("{}/blobs/{}", folder_, candidates[i]), Lock::kExclusive, Wait::kNo);
      if (file && *file) held.push_back(**std::move(file));
    }
    const std::set<std::string> named = named_blobs(BERTH_TRY(records()));
    for (LockedFile& file : held) {
      if (named.contains(fs::path(file.path()).filename().string())) continue;
      const uint64_t bytes = file.size();
      BERTH_TRY_VOID(file.remove());
      std::error_code none;
      fs::remove(fmt::format("{}/facts/{}{}", folder_, fs::path(file.path()).filename().string(), kEnding),
                 none);
      ++removed.blobs;
      removed.bytes += bytes;
    }
  }
  return removed;
}

uint64_t Store::size() const {
  uint64_t bytes = 0;
  for (const std::string& name : files_in(folder_ + "/blobs"))
    bytes += size_of(fmt::format("{}/blobs/{}", folder_, name));
  return bytes;
}

Result<Removed> Store::collect(uint64_t most_bytes) const {
  for (const char* const part : {"names", "facts"}) {
    for (const std::string& name : files_in(fmt::format("{}/{}", folder_, part))) {
      const fs::path path = fs::path(folder_) / part / name;
      std::error_code gone;
      if (name.ends_with(".tmp") && is_left_aside(path)) fs::remove(path, gone);
    }
  }
  for (const std::string& name : files_in(folder_ + "/partial")) {
    auto file = LockedFile::open(fmt::format("{}/partial/{}", folder_, name), Lock::kExclusive, Wait::kNo);
    if (file && *file) BERTH_TRY_VOID((*file)->remove());
  }
  const std::set<std::string> named = named_blobs(BERTH_TRY(records()));
  std::vector<std::string> unnamed;
  for (const std::string& name : files_in(folder_ + "/blobs")) {
    if (is_blob_name(name) && !named.contains(name)) unnamed.push_back(name);
  }
  Removed removed = BERTH_TRY(remove_unnamed(unnamed));
  BERTH_TRY_VOID(make_room(most_bytes, removed));
  return removed;
}

Result<void> Store::make_room(uint64_t most_bytes, Removed& removed) const {
  uint64_t taken = size();
  if (taken <= most_bytes) return {};
  std::map<Digest, std::vector<Record>> modules;
  for (Record& record : BERTH_TRY(records())) modules[record.module].push_back(std::move(record));
  std::vector<std::pair<int64_t, Digest>> order;
  for (const auto& [digest, records] : modules) {
    if (std::ranges::none_of(records, &Record::pinned)) order.emplace_back(used(digest), digest);
  }
  std::ranges::sort(order);
  for (const auto& [last, digest] : order) {
    if (taken <= most_bytes) return {};
    {
      auto file = LockedFile::open(blob_path(digest), Lock::kExclusive, Wait::kNo);
      if (file && !*file) continue;  // somebody uses it
      std::error_code gone;
      for (const Record& record : modules[digest]) {
        fs::remove(record_path(record.name), gone);
        removed.names.push_back(record.name);
      }
      BERTH_TRY_VOID(sync_folder(folder_ + "/names"));
    }
    std::vector<std::string> candidates{digest.hex()};
    for (const Record& record : modules[digest]) {
      if (record.manifest) candidates.push_back(record.manifest->hex());
    }
    const Removed gone = BERTH_TRY(remove_unnamed(candidates));
    taken -= std::min(taken, gone.bytes);
    removed.blobs += gone.blobs;
    removed.bytes += gone.bytes;
  }
  return {};
}

Result<Checked> Store::verify(bool repair) const {
  Checked checked;
  std::map<std::string, std::vector<std::string>> names;  // of a blob
  const auto damaged = [&](Damage damage) {
    std::error_code gone;
    if (repair && damage.kind != Damage::Kind::kMissing) fs::remove(damage.path, gone);
    checked.damage.push_back(std::move(damage));
  };
  // Names first: a blob is there before its name is.
  const std::vector<Record> records = BERTH_TRY(this->records());
  for (const Record& record : records) {
    names[record.module.hex()].push_back(record.name);
    if (record.manifest) names[record.manifest->hex()].push_back(record.name);
  }
  checked.names = records.size();
  std::set<std::string> known;
  for (const Record& record : records) known.insert(sha256(record.name).hex() + std::string(kEnding));
  for (const std::string& file : files_in(folder_ + "/names")) {
    std::error_code gone;
    const std::string path = fmt::format("{}/names/{}", folder_, file);
    if (file.ends_with(kEnding) && !known.contains(file) &&
        !read_record(read_file(path, kMostRecord).value_or("")) && fs::exists(path, gone))
      damaged(
          {.kind = Damage::Kind::kRecord, .path = path, .names = {}, .what = "it can't be read as a name"});
  }
  for (const auto& [hex, of] : names) {
    const std::string path = fmt::format("{}/blobs/{}", folder_, hex);
    std::error_code gone;
    if (fs::exists(path, gone)) continue;
    if (std::ranges::all_of(of,
                            [&](const std::string& name) { return !fs::exists(record_path(name), gone); }))
      continue;
    damaged({.kind = Damage::Kind::kMissing, .path = path, .names = of, .what = "it isn't there"});
  }
  for (const std::string& name : files_in(folder_ + "/blobs")) {
    const std::string path = fmt::format("{}/blobs/{}", folder_, name);
    auto file = LockedFile::open(path, Lock::kShared, Wait::kYes);
    if (!file && file.error().code == ErrorCode::kNotFound) continue;
    const auto digest = file ? digest_of(**file) : std::unexpected(file.error());
    ++checked.blobs;
    checked.bytes += size_of(path);
    if (digest && digest->hex() == name) continue;
    damaged({.kind = Damage::Kind::kBlob,
             .path = path,
             .names = names[name],
             .what = digest ? fmt::format("its bytes are {}", digest->text()) : digest.error().message});
  }
  return checked;
}

int64_t Store::used(const Digest& module) const {
  std::error_code gone;
  const auto written = fs::last_write_time(blob_path(module), gone);
  if (gone) return 0;
  const auto since = std::chrono::file_clock::to_sys(written).time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since).count();
}

std::vector<Digest> Store::beginning_with(std::string_view digits) const {
  std::vector<Digest> found;
  std::set<Digest> modules;
  for (const Record& record : records().value_or(std::vector<Record>())) modules.insert(record.module);
  for (const Digest& digest : modules) {
    if (digest.hex().starts_with(digits)) found.push_back(digest);
  }
  return found;
}

}  // namespace berth::registry
