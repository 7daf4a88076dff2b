// SPDX-License-Identifier: Apache-2.0
#include "providers/content/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <unordered_set>

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

/// Two characters near the end of the name: those at its front are the same for all.
std::string folder_of(std::string_view name) {
  return std::string(name.substr(name.size() - std::min<size_t>(name.size(), 3), 2));
}

struct BlockFile {
  fs::path path;
  uint64_t bytes = 0;
  int64_t used = 0;
};

/// Calls for each file below blocks/, also for those left aside.
void each_file(const std::string& folder, const std::function<void(BlockFile)>& call) {
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator(folder + "/blocks", error);
       !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    std::error_code gone;
    if (!at->is_regular_file(gone)) continue;
    const auto size = at->file_size(gone);
    if (gone) continue;
    const auto used = at->last_write_time(gone);
    call({.path = at->path(), .bytes = size, .used = used.time_since_epoch().count()});
  }
}

std::optional<Pin> read_pin(const std::string& path) {
  const auto text = read_file(path, kMostPin);
  if (!text) return std::nullopt;
  const auto json = nlohmann::json::parse(*text, nullptr, false);
  if (!json.is_object() || !json.contains("cid") || !json["cid"].is_string()) return std::nullopt;
  auto root = Cid::parse(json["cid"].get<std::string>());
  if (!root) return std::nullopt;
  Pin pin{.root = *std::move(root)};
  if (json.contains("name") && json["name"].is_string()) pin.name = json["name"].get<std::string>();
  if (json.contains("since") && json["since"].is_number_integer()) pin.since = json["since"].get<int64_t>();
  return pin;
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::string& folder) {
  BERTH_TRY_VOID(make_private_folder(folder));
  for (const char* const part : {"/blocks", "/pins"}) BERTH_TRY_VOID(make_private_folder(folder + part));
  return std::unique_ptr<Store>(new Store(folder));
}

Result<std::unique_ptr<Store>> Store::open_users() {
  return open(BERTH_TRY(user_data_folder()) + "/content");
}

std::string Store::block_path(const Cid& cid) const {
  const std::string name = block_name(cid.hash);
  return fmt::format("{}/blocks/{}/{}", folder_, folder_of(name), name);
}

std::string Store::pin_path(const Cid& root) const {
  return fmt::format("{}/pins/{}{}", folder_, root.text(), kPinEnds);
}

bool Store::has(const Cid& cid) const {
  std::error_code gone;
  return is_inline(cid) || fs::exists(block_path(cid), gone);
}

Result<std::string> Store::get(const Cid& cid) {
  if (is_inline(cid)) return cid.hash.digest;
  const std::string path = block_path(cid);
  auto bytes = read_file(path, kMostBlock);
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) return missing(cid);
  if (!bytes) return std::unexpected(bytes.error());
  if (const auto checked = check_block(cid, *bytes); !checked)
    return fail(ErrorCode::kUnavailable,
                fmt::format("{}: it is damaged on the disk, 'berth content verify --repair' removes it",
                            checked.error().message));
  touch_file(path);
  return bytes;
}

Result<void> Store::put(const Cid& cid, std::string_view bytes) {
  if (is_inline(cid)) return {};
  const std::string path = block_path(cid);
  // One that isn't the same is damaged, and gets its right bytes: whoever puts may be told that it is there.
  if (const auto there = read_file(path, kMostBlock); there && *there == bytes) {
    touch_file(path);
    return {};
  }
  auto written = write_file(path, std::array{bytes}, 0400, Durability::kRenamed);
  if (!written && written.error().code == ErrorCode::kNotFound) {
    BERTH_TRY_VOID(make_private_folder(fs::path(path).parent_path().string()));
    written = write_file(path, std::array{bytes}, 0400, Durability::kRenamed);
  }
  return written;
}

Result<Keeping> Store::keep() const {
  const std::string path = folder_ + "/lock";
  auto lock = LockedFile::open(path, Lock::kShared, Wait::kYes);
  if (!lock && lock.error().code == ErrorCode::kNotFound) {
    // Made by whoever comes first, and never removed.
    {
      const auto made = BERTH_TRY(LockedFile::make(path, Wait::kYes));
    }
    lock = LockedFile::open(path, Lock::kShared, Wait::kYes);
  }
  if (!lock) return std::unexpected(lock.error());
  return Keeping{.lock = **std::move(lock)};
}

Result<void> Store::check_all_there(const Cid& root) {
  return walk(*this, root, {.raw = Walk::Raw::kSkipped},
              [this](const Cid& cid, std::string_view) -> Result<void> {
                if (!has(cid)) return missing(cid);
                return {};
              });
}

Result<void> Store::pin(const Keeping&, const Cid& root, std::string_view name, Below below) {
  if (below == Below::kCheck) BERTH_TRY_VOID(check_all_there(root));
  sync_file_system(folder_);
  const nlohmann::json json = {{"cid", root.text()}, {"name", name}, {"since", unix_seconds()}};
  const std::string text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return write_file(pin_path(root), std::array{std::string_view(text)}, 0600, Durability::kSynced);
}

Result<bool> Store::unpin(const Cid& root) {
  std::error_code error;
  const bool was = fs::remove(pin_path(root), error);
  if (error)
    return fail(ErrorCode::kUnavailable, fmt::format("removing '{}': {}", pin_path(root), error.message()));
  sync_folder(folder_ + "/pins");
  return was;
}

Result<std::vector<Pin>> Store::pins() const {
  std::vector<Pin> pins;
  std::error_code error;
  for (auto at = fs::directory_iterator(folder_ + "/pins", error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    if (at->path().extension() != kPinEnds) continue;
    if (auto pin = read_pin(at->path().string())) pins.push_back(*std::move(pin));
  }
  if (error)
    return fail(ErrorCode::kUnavailable, fmt::format("reading '{}/pins': {}", folder_, error.message()));
  std::ranges::sort(pins, {}, [](const Pin& pin) { return std::tuple(pin.since, pin.root.text()); });
  return pins;
}

Result<std::optional<Collected>> Store::collect(uint64_t most_bytes, LockedFile::Wait wait) {
  std::ignore = BERTH_TRY(keep());  // makes the file
  const auto lock = BERTH_TRY(LockedFile::open(folder_ + "/lock", Lock::kExclusive, wait));
  if (!lock) return std::nullopt;
  std::unordered_set<std::string> pinned;
  for (const Pin& pin : BERTH_TRY(pins())) {
    // Around what isn't there: 'verify' tells of that.
    BERTH_TRY_VOID(walk(*this, pin.root, {.raw = Walk::Raw::kSkipped, .gaps = Walk::Gaps::kPassed},
                        [&](const Cid& cid, std::string_view) -> Result<void> {
                          pinned.insert(block_name(cid.hash));
                          return {};
                        }));
  }
  Collected collected;
  std::vector<BlockFile> loose;
  each_file(folder_, [&](BlockFile file) {
    const std::string name = file.path.filename().string();
    std::error_code gone;
    if (!hash_of_name(name)) {
      fs::remove(file.path, gone);  // left aside: nobody puts now
      return;
    }
    collected.left_bytes += file.bytes;
    if (pinned.contains(name)) {
      collected.pinned_bytes += file.bytes;
    } else {
      loose.push_back(std::move(file));
    }
  });
  std::ranges::sort(loose, {}, &BlockFile::used);
  for (const BlockFile& file : loose) {
    if (collected.left_bytes <= most_bytes) break;
    std::error_code error;
    fs::remove(file.path, error);
    if (error)
      return fail(ErrorCode::kUnavailable,
                  fmt::format("removing '{}': {}", file.path.string(), error.message()));
    ++collected.blocks;
    collected.bytes += file.bytes;
    collected.left_bytes -= file.bytes;
  }
  return collected;
}

uint64_t Store::size() const {
  uint64_t bytes = 0;
  each_file(folder_, [&](const BlockFile& file) { bytes += file.bytes; });
  return bytes;
}

Result<CheckedBlocks> Store::verify(bool repair) {
  CheckedBlocks checked;
  const auto damaged = [&](const fs::path& path, std::string what) {
    checked.damage.push_back({.path = path.string(), .what = std::move(what)});
  };
  each_file(folder_, [&](const BlockFile& file) {
    const auto hash = hash_of_name(file.path.filename().string());
    if (!hash) return;  // comes, or was left aside
    const auto bytes = read_file(file.path.string(), kMostBlock);
    if (!bytes && bytes.error().code == ErrorCode::kNotFound) return;
    ++checked.blocks;
    checked.bytes += file.bytes;
    const auto right = bytes ? check_hash(*hash, *bytes) : std::unexpected(bytes.error());
    if (right) return;
    damaged(file.path, right.error().message);
    std::error_code gone;
    if (repair) fs::remove(file.path, gone);
  });
  std::error_code error;
  for (auto at = fs::directory_iterator(folder_ + "/pins", error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    if (at->path().extension() != kPinEnds) continue;
    const auto pin = read_pin(at->path().string());
    if (!pin) {
      damaged(at->path(), "it can't be read as a pin");
      continue;
    }
    ++checked.pins;
    const auto there = check_all_there(pin->root);
    if (!there) damaged(at->path(), there.error().message);
  }
  if (error)
    return fail(ErrorCode::kUnavailable, fmt::format("reading '{}/pins': {}", folder_, error.message()));
  return checked;
}

}  // namespace berth::content
