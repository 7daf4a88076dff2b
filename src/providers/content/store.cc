// SPDX-License-Identifier: Apache-2.0
#include "providers/content/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/os/file.h"
#include "base/os/user.h"
#include "base/unix_time.h"
#include "providers/content/walk.h"

namespace berth::content {
namespace {

namespace fs = std::filesystem;
using Lock = LockedFile::Lock;
using Wait = LockedFile::Wait;

constexpr uint64_t kMostPin = 64 << 10;
constexpr std::string_view kPinEnds = ".json";
constexpr std::string_view kAsideEnds = ".tmp";

std::string checked_path(const std::string& folder, std::string_view name) {
  return fmt::format("{}/checked/{}", folder, name);
}

/// Notes that all blocks in there were read. Where it can't be, they are read again.
void note_checked(const std::string& folder, std::string_view name) {
  (void)write_file(checked_path(folder, name), std::array{std::string_view()}, 0600, Durability::kRenamed);
}

void check_file(const BlockFile& file, Repair repair, CheckedBlocks& checked) {
  const auto hash = hash_of_name(file.name);
  if (!hash) return;  // comes, or was left aside
  const auto bytes = read_file(file.path.string(), kMostBlock);
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) return;
  ++checked.blocks;
  checked.bytes += file.bytes;
  const auto right = bytes ? check_hash(*hash, *bytes) : std::unexpected(bytes.error());
  if (right) return;
  BlockDamage damage{.path = file.path.string(), .what = right.error().message};
  // Only what is known to be wrong: a disk that couldn't be read now may be another time.
  const bool wrong = bytes ? right.error().code == ErrorCode::kInvalidArgument : file.bytes > kMostBlock;
  if (wrong && repair == Repair::kYes) {
    std::error_code error;
    damage.removed = fs::remove(file.path, error);
    if (error) damage.what += fmt::format("; removing it: {}", error.message());
  }
  checked.damage.push_back(std::move(damage));
}

Result<void> each_pin_file(const std::string& folder,
                           const std::function<Result<void>(const fs::path&)>& call) {
  std::error_code error;
  auto at = fs::directory_iterator(folder + "/pins", error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) BERTH_TRY_VOID(call(at->path()));
  if (error) return file_error("reading", folder + "/pins", error);
  return {};
}

struct PinFile {
  Pin pin;
  bool spoilt = false;  // its root is known by the file's name alone
};

/// A pin of which nothing is left but its name still keeps what it names.
Result<PinFile> read_pin(const fs::path& path) {
  auto root = Cid::parse(path.stem().string());
  const auto text = read_file(path.string(), kMostPin);
  const auto json = nlohmann::json::parse(text.value_or(""), nullptr, false);
  const bool whole = json.is_object() && json.contains("cid") && json["cid"].is_string();
  if (!root && whole) root = Cid::parse(json["cid"].get<std::string>());
  if (!root)
    return fail(ErrorCode::kUnavailable,
                fmt::format("the pin '{}' can't be read, nor what it keeps: remove it, and pin that again",
                            path.string()));
  PinFile file{.pin = {.root = *std::move(root)}, .spoilt = !whole};
  if (!whole) return file;
  if (json.contains("name") && json["name"].is_string()) file.pin.name = json["name"].get<std::string>();
  if (json.contains("since") && json["since"].is_number_integer())
    file.pin.since = json["since"].get<int64_t>();
  return file;
}

bool is_pin(const fs::path& path) {
  return path.extension() == kPinEnds;
}

/// Locks of downloads whose processes were killed.
void remove_left(const std::string& folder) {
  std::error_code error;
  for (auto at = fs::directory_iterator(folder, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    auto locked = LockedFile::make(at->path().string(), Wait::kNo);
    if (locked && *locked) (void)(*locked)->remove();
  }
}

Result<void> there(const Store& store, const Cid& cid) {
  if (!store.has(cid)) return missing(cid);
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const StoreFolders& folders) {
  BlockFiles files(folders);
  BERTH_TRY_VOID(files.make_folders());
  for (const char* const part : {"/pins", "/checked"})
    BERTH_TRY_VOID(make_private_folder(folders.kept + part));
  return std::unique_ptr<Store>(new Store(std::move(files)));
}

Result<std::unique_ptr<Store>> Store::open_users() {
  const std::string data = BERTH_TRY(user_data_folder());
  const UserFolders folders = BERTH_TRY(user_folders());
  return open({.kept = data + "/content", .cached = folders.cache + "/content"});
}

std::string Store::pin_path(const Cid& root) const {
  return fmt::format("{}/pins/{}{}", folders().kept, root.text(), kPinEnds);
}

bool Store::has(const Cid& cid) const {
  return is_inline(cid) || files_.has(cid.hash);
}

Result<std::string> Store::get(const Cid& cid) {
  if (is_inline(cid)) return cid.hash.digest;
  BlockFiles::Found found = files_.find(cid.hash);
  if (!found.bytes && found.bytes.error().code == ErrorCode::kNotFound) return missing(cid);
  if (!found.bytes)
    return fail(found.bytes.error().code,
                fmt::format("the block {}: {}", cid.text(), found.bytes.error().message));
  if (const auto checked = check_block(cid, *found.bytes); !checked)
    return fail(ErrorCode::kUnavailable,
                fmt::format("{}: it is damaged on the disk, 'berth content verify --repair' removes it",
                            checked.error().message));
  touch_file(found.path);
  return std::move(found.bytes);
}

Result<void> Store::put(const Cid& cid, std::string_view bytes) {
  return is_inline(cid) ? Result<void>() : files_.put(cid.hash, bytes);
}

Result<void> Store::cache(const Cid& cid, std::string_view bytes) {
  return is_inline(cid) ? Result<void>() : files_.cache(cid.hash, bytes);
}

Result<void> Store::stay(const Cid& cid, std::string_view bytes) {
  return is_inline(cid) ? Result<void>() : files_.stay(cid.hash, bytes);
}

/// Its file is made by whoever comes first, and never removed.
Result<std::optional<LockedFile>> Store::lock(Lock how, Wait wait) const {
  const std::string path = folders().kept + "/lock";
  if (how == Lock::kExclusive) return LockedFile::make(path, wait);
  auto locked = LockedFile::open(path, how, wait);
  if (locked || locked.error().code != ErrorCode::kNotFound) return locked;
  {
    const auto made = BERTH_TRY(LockedFile::make(path, wait));
    if (!made) return std::nullopt;
  }
  return LockedFile::open(path, how, wait);
}

Result<Keeping> Store::keep() const {
  auto locked = BERTH_TRY(lock(Lock::kShared, Wait::kYes));
  return Keeping{.lock = *std::move(locked)};
}

Result<void> Store::pin(const Keeping& keeping, std::span<const Cid> roots, std::string_view name,
                        Below below) {
  if (below == Below::kCheck) {
    Walker walker(*this, {});
    for (const Cid& root : roots)
      BERTH_TRY_VOID(
          walker.from(root, [&](const Cid& cid, std::string_view bytes) { return stay(cid, bytes); }));
  }
  BERTH_TRY_VOID(keeping.lock.sync_file_system());
  for (const Cid& root : roots) {
    const auto before = name.empty() ? read_pin(pin_path(root)) : PinFile();
    const nlohmann::json json = {{"cid", root.text()},
                                 {"name", name.empty() && before ? before->pin.name : std::string(name)},
                                 {"since", unix_seconds()}};
    const std::string text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    BERTH_TRY_VOID(write_file(pin_path(root), std::array{std::string_view(text)}, 0600, Durability::kSynced));
  }
  return {};
}

Result<void> Store::pin(const Keeping& keeping, const Cid& root, std::string_view name, Below below) {
  return pin(keeping, std::span(&root, 1), name, below);
}

Result<bool> Store::unpin(const Cid& root) {
  std::error_code error;
  const bool was = fs::remove(pin_path(root), error);
  if (error) return file_error("removing", pin_path(root), error);
  BERTH_TRY_VOID(sync_folder(folders().kept + "/pins"));
  return was;
}

Result<std::vector<Pin>> Store::pins() const {
  std::vector<Pin> pins;
  const auto take = [&](const fs::path& path) -> Result<void> {
    if (!is_pin(path)) return {};
    PinFile file = BERTH_TRY(read_pin(path));
    pins.push_back(std::move(file.pin));
    return {};
  };
  BERTH_TRY_VOID(each_pin_file(folders().kept, take));
  std::ranges::sort(pins, {}, [](const Pin& pin) { return std::tuple(pin.since, pin.root.text()); });
  return pins;
}

/// The names of all blocks that pins need. A leaf that isn't there needs nothing, so it is passed; what a
/// node that can't be read leads to isn't known, and might be removed for good.
Result<std::unordered_set<std::string>> Store::all_pinned() {
  std::unordered_set<std::string> names;
  Walker walker(*this, {.raw = Walk::Raw::kSkipped});
  for (const Pin& pin : BERTH_TRY(pins())) {
    const auto walked = walker.from(pin.root, [&](const Cid& cid, std::string_view) -> Result<void> {
      names.insert(block_name(cid.hash));
      return {};
    });
    if (!walked)
      return fail(ErrorCode::kUnavailable,
                  fmt::format("nothing is removed, because what the pin {} needs isn't known: {}; bring that "
                              "block again, or 'berth content unpin {}'",
                              pin.root.text(), walked.error().message, pin.root.text()));
  }
  return names;
}

Result<std::optional<Collected>> Store::collect(uint64_t most_bytes, LockedFile::Wait wait) {
  const auto alone = BERTH_TRY(lock(Lock::kExclusive, wait));
  if (!alone) return std::nullopt;
  const std::unordered_set<std::string> pinned = BERTH_TRY(all_pinned());
  // What is left aside: nobody puts or pins now.
  std::error_code gone;
  BERTH_TRY_VOID(each_pin_file(folders().kept, [&](const fs::path& path) -> Result<void> {
    if (path.extension() == kAsideEnds) fs::remove(path, gone);
    return {};
  }));
  remove_left(folders().kept + "/coming");
  Collected collected;
  std::vector<BlockFile> loose;
  std::vector<BlockFile> fetched_again;
  BERTH_TRY_VOID(files_.each([&](BlockFile file) {
    if (!hash_of_name(file.name) || files_.is_spare(file)) {
      fs::remove(file.path, gone);
      return;
    }
    collected.left_bytes += file.bytes;
    if (!pinned.contains(file.name)) {
      loose.push_back(std::move(file));
      return;
    }
    collected.pinned_bytes += file.bytes;
    if (file.cached) fetched_again.push_back(std::move(file));
  }));
  for (const BlockFile& file : fetched_again) BERTH_TRY_VOID(files_.move_to_kept(file));
  std::ranges::sort(loose, {}, &BlockFile::used);
  for (const BlockFile& file : loose) {
    if (collected.left_bytes <= most_bytes) {
      if (!file.cached) files_.move_to_cache(file);
      continue;
    }
    std::error_code error;
    fs::remove(file.path, error);
    if (error) return file_error("removing", file.path, error);
    ++collected.blocks;
    collected.bytes += file.bytes;
    collected.left_bytes -= file.bytes;
  }
  return collected;
}

Result<uint64_t> Store::size() const {
  uint64_t bytes = 0;
  BERTH_TRY_VOID(files_.each([&](const BlockFile& file) { bytes += file.bytes; }));
  return bytes;
}

Result<std::optional<CheckedBlocks>> Store::verify(Repair repair, LockedFile::Wait wait) {
  // Who removes what they read is alone: another one may put the right bytes meanwhile.
  const auto locked = BERTH_TRY(lock(repair == Repair::kYes ? Lock::kExclusive : Lock::kShared, wait));
  if (!locked) return std::nullopt;
  CheckedBlocks checked;
  BERTH_TRY_VOID(files_.each([&](const BlockFile& file) { check_file(file, repair, checked); }));
  for (const std::string& name : BERTH_TRY(files_.names_of_folders())) note_checked(folders().kept, name);
  Walker walker(*this, {.raw = Walk::Raw::kSkipped});
  BERTH_TRY_VOID(each_pin_file(folders().kept, [&](const fs::path& path) -> Result<void> {
    if (!is_pin(path)) return {};
    ++checked.pins;
    const auto file = read_pin(path);
    if (!file || file->spoilt)
      checked.damage.push_back({.path = path.string(), .what = "it can't be read as a pin"});
    if (!file) return {};
    const auto all =
        walker.from(file->pin.root, [this](const Cid& cid, std::string_view) { return there(*this, cid); });
    if (!all) checked.damage.push_back({.path = path.string(), .what = all.error().message});
    return {};
  }));
  return checked;
}

Result<std::vector<std::string>> Store::folders_unchecked_for(std::chrono::seconds time) const {
  const auto now = fs::file_time_type::clock::now();
  std::vector<std::string> due;
  for (const std::string& name : BERTH_TRY(files_.names_of_folders())) {
    std::error_code error;
    const auto checked = fs::last_write_time(checked_path(folders().kept, name), error);
    // One of a clock that was wrong says nothing.
    if (error || checked > now || now - checked >= time) due.push_back(name);
  }
  return due;
}

Result<std::optional<CheckedBlocks>> Store::verify_folder(const std::string& name, Repair repair) {
  const auto read = [&](Lock how) -> Result<std::optional<CheckedBlocks>> {
    const auto locked = BERTH_TRY(lock(how, Wait::kNo));
    if (!locked) return std::nullopt;
    CheckedBlocks checked;
    const Repair doing = how == Lock::kExclusive ? Repair::kYes : Repair::kNo;
    BERTH_TRY_VOID(files_.each_in(name, [&](const BlockFile& file) { check_file(file, doing, checked); }));
    return checked;
  };
  auto checked = BERTH_TRY(read(Lock::kShared));
  if (checked && !checked->damage.empty() && repair == Repair::kYes) {
    auto repaired = BERTH_TRY(read(Lock::kExclusive));
    // Somebody uses what is there: it is told of now, and stays due.
    if (!repaired) return checked;
    checked = std::move(repaired);
  }
  if (checked) note_checked(folders().kept, name);
  return checked;
}

}  // namespace berth::content
