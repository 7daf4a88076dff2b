// SPDX-License-Identifier: Apache-2.0
#include "berth/watch.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>

#include "base/digest.h"
#include "base/os/folder_changes.h"
#include "embed/exported.h"
#include "embed/plugins_parts.h"
#include "embed/watched_files.h"
#include "registry/module_file.h"

namespace berth {
namespace {

using embed::WatchedFiles;
using Clock = WatchedFiles::Clock;

/// "price" of "price.wasm"; empty when it is no module's file.
std::string module_of(std::string_view file) {
  if (file.starts_with('.')) return "";
  for (const std::string_view ending : {".wasm", ".wat"}) {
    if (file.ends_with(ending)) return std::string(file.substr(0, file.size() - ending.size()));
  }
  return "";
}

int64_t nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// Nothing where it isn't there, or is no file.
std::optional<WatchedFiles::Stamp> stamp_of(const std::string& path) {
  struct stat found = {};
  if (::stat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) return std::nullopt;
  return WatchedFiles::Stamp{.inode = found.st_ino,
                             .bytes = static_cast<uint64_t>(found.st_size),
                             .written_ns = nanoseconds(found.st_mtim)};
}

Clock::duration age_of(const WatchedFiles::Stamp& stamp) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto age = now - std::chrono::nanoseconds(stamp.written_ns);
  return std::max(Clock::duration(0), std::chrono::duration_cast<Clock::duration>(age));
}

struct CloseFolder {
  void operator()(DIR* folder) const {
    ::closedir(folder);
  }
};

/// The modules' files in a folder, by name. kNotFound when there is no such folder.
Result<std::map<std::string, WatchedFiles::Seen>> files_in(const std::string& path) {
  const std::unique_ptr<DIR, CloseFolder> folder(::opendir(path.c_str()));
  if (folder == nullptr) {
    const bool none = errno == ENOENT || errno == ENOTDIR;
    return fail(none ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
                fmt::format("the folder '{}' can't be read: {}", path, std::strerror(errno)));
  }
  std::map<std::string, WatchedFiles::Seen> files;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the folder is this thread's own
  while (const dirent* const entry = ::readdir(folder.get())) {
    const std::string name = entry->d_name;
    if (module_of(name).empty()) continue;
    if (const auto stamp = stamp_of(path + "/" + name))
      files[name] = {.stamp = *stamp, .age = age_of(*stamp)};
  }
  return files;
}

}  // namespace

/// On the watch's thread, but where it says otherwise.
class BERTH_HIDDEN Watch::Parts {
 public:
  Parts(std::shared_ptr<Plugins> plugins, std::string folder, const WatchOptions& options, OnWatch on_change,
        std::unique_ptr<FolderChanges> changes)
      : plugins_(std::move(plugins)),
        folder_(std::move(folder)),
        look_every_(std::max(options.look_every, std::chrono::milliseconds(1))),
        on_change_(std::move(on_change)),
        changes_(std::move(changes)),
        files_(std::max(options.settle, std::chrono::milliseconds(0))) {}

  /// Looks through the folder once. Before the thread is started, on the thread that does.
  void look();

  static Result<void> start(const std::shared_ptr<Parts>& parts);
  /// Any thread, also its own.
  void end();

 private:
  /// A file whose module is loaded.
  struct Loaded {
    Digest digest;
    uint64_t version = 0;
  };

  void run();
  void follow();
  std::chrono::milliseconds rest() const;
  void take(const WatchedFiles::Due& due);
  void drop(const std::string& file);
  void refuse(const std::string& file, Error error) const;
  void tell(const WatchEvent& event) const noexcept;
  const std::string* other_file_of(const std::string& file) const;

  const std::shared_ptr<Plugins> plugins_;
  const std::string folder_;
  const std::chrono::milliseconds look_every_;
  const OnWatch on_change_;
  const std::unique_ptr<FolderChanges> changes_;
  std::atomic<bool> stopped_ = false;
  std::thread thread_;  // of whoever starts and ends it
  WatchedFiles files_;
  std::map<std::string, Loaded> loaded_;  // by file
  uint64_t followed_inode_ = 0;
  std::string trouble_;  // that was told, of the folder itself
};

void Watch::Parts::tell(const WatchEvent& event) const noexcept try {
  if (!stopped_ && on_change_) on_change_(event);
} catch (...) {
  // The program's own: the watch goes on.
}

void Watch::Parts::refuse(const std::string& file, Error error) const {
  tell({.kind = WatchEvent::Kind::kRefused,
        .name = module_of(file),
        .path = file.empty() ? folder_ : folder_ + "/" + file,
        .plugin = nullptr,
        .error = std::move(error)});
}

const std::string* Watch::Parts::other_file_of(const std::string& file) const {
  const std::string name = module_of(file);
  const auto other = std::ranges::find_if(
      loaded_, [&](const auto& entry) { return entry.first != file && module_of(entry.first) == name; });
  return other == loaded_.end() ? nullptr : &other->first;
}

void Watch::Parts::take(const WatchedFiles::Due& due) {
  const std::string path = folder_ + "/" + due.name;
  const auto module = registry::read_module(path);
  // It is written again, or gone: the next look tells.
  if (stamp_of(path) != due.stamp) return;
  files_.taken(due.name, due.stamp);
  if (!module) return refuse(due.name, module.error());
  if (const std::string* const other = other_file_of(due.name)) {
    return refuse(due.name, {.code = ErrorCode::kInvalidArgument,
                             .message = fmt::format("'{}' has the name of '{}', which is loaded: rename it",
                                                    due.name, *other)});
  }
  const Digest digest = module->digest();
  const auto before = loaded_.find(due.name);
  if (before != loaded_.end() && before->second.digest == digest) return;
  const bool replaces = plugins_->find(module_of(due.name)) != nullptr;
  auto plugin = plugins_->parts_->load(module_of(due.name), path, module->name,
                                       std::as_bytes(std::span(module->bytes)));
  if (!plugin) return refuse(due.name, plugin.error());
  loaded_[due.name] = {.digest = digest, .version = (*plugin)->version};
  tell({.kind = replaces ? WatchEvent::Kind::kReplaced : WatchEvent::Kind::kLoaded,
        .name = (*plugin)->name,
        .path = path,
        .plugin = *plugin,
        .error = std::nullopt});
}

void Watch::Parts::drop(const std::string& file) {
  const auto known = loaded_.find(file);
  if (known == loaded_.end()) return;
  const uint64_t version = known->second.version;
  loaded_.erase(known);
  const std::string name = module_of(file);
  for (const std::string_view ending : {".wasm", ".wat"}) files_.again(name + std::string(ending));
  // Not what the program itself has loaded under that name meanwhile.
  if (plugins_->parts_->unload(name, version) == nullptr) return;
  tell({.kind = WatchEvent::Kind::kUnloaded,
        .name = name,
        .path = folder_ + "/" + file,
        .plugin = nullptr,
        .error = std::nullopt});
}

void Watch::Parts::follow() {
  struct stat found = {};
  const uint64_t inode = ::stat(folder_.c_str(), &found) == 0 ? found.st_ino : 0;
  if (inode == followed_inode_) return;
  followed_inode_ = changes_->follow(folder_) ? inode : 0;
}

void Watch::Parts::look() {
  follow();
  const auto there = files_in(folder_);
  const bool readable = there || there.error().code == ErrorCode::kNotFound;
  if (readable) files_.seen(there.value_or(std::map<std::string, WatchedFiles::Seen>()), Clock::now());
  if (const std::string wrong = there ? "" : there.error().message; wrong != trouble_) {
    trouble_ = wrong;
    if (!wrong.empty()) refuse("", there.error());
  }
  for (const WatchedFiles::Due& due : files_.due(Clock::now())) {
    if (stopped_) return;
    take(due);
  }
  for (const std::string& file : files_.gone(Clock::now())) drop(file);
}

std::chrono::milliseconds Watch::Parts::rest() const {
  const auto next = files_.next();
  if (!next) return look_every_;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - Clock::now());
  return std::clamp(left, std::chrono::milliseconds(1), look_every_);
}

void Watch::Parts::run() {
  while (!stopped_) {
    for (const FolderChanges::Change& change : changes_->wait(rest())) {
      if (change.kind == FolderChanges::Change::Kind::kLost) followed_inode_ = 0;
      if (change.name.empty() || !module_of(change.name).empty()) files_.heard(change, Clock::now());
    }
    if (!stopped_) look();
  }
}

Result<void> Watch::Parts::start(const std::shared_ptr<Parts>& parts) {
  try {
    parts->thread_ = std::thread([parts] { parts->run(); });
    return {};
  } catch (const std::system_error& error) {
    return fail(ErrorCode::kUnavailable, std::string("a watch's thread can't be started: ") + error.what());
  }
}

void Watch::Parts::end() {
  stopped_ = true;
  changes_->wake();
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();  // it keeps its parts
  } else {
    thread_.join();
  }
}

Watch::Watch(std::shared_ptr<Parts> parts) : parts_(std::move(parts)) {}

Watch::~Watch() {
  parts_->end();
}

Result<std::unique_ptr<Watch>> Plugins::watch(const std::string& folder, const WatchOptions& options,
                                              OnWatch on_change) {
  BERTH_TRY(files_in(folder));
  auto parts = std::make_shared<Watch::Parts>(shared_from_this(), folder, options, std::move(on_change),
                                              BERTH_TRY(FolderChanges::create()));
  parts->look();
  BERTH_TRY_VOID(Watch::Parts::start(parts));
  return std::unique_ptr<Watch>(new Watch(std::move(parts)));
}

}  // namespace berth
