// SPDX-License-Identifier: Apache-2.0
#pragma once
// A folder whose modules are loaded while a program runs: a file that is put there is loaded under its name
// without ".wasm" or ".wat", replaced when it changes and unloaded when it goes. `Plugins::watch` (plugins.h)
// begins it.
//
//   auto watch = plugins->watch("plugins", {}, [](const berth::WatchEvent& event) { … }).value();
//
// A file that is half written isn't taken. One that is written aside and renamed into the folder is taken at
// once; any other when nobody writes to it any more and it has stayed as it is for a while. Files whose names
// begin with a dot are none of its business.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "berth/result.h"

namespace berth {

struct Plugin;

struct WatchOptions {
  /// How long a file has to stay as it is; and how long one is missed before its module is unloaded, so that
  /// one that is deleted and written anew is replaced.
  std::chrono::milliseconds settle{200};
  /// The folder is looked through this often in any case: some file systems don't tell of changes.
  std::chrono::milliseconds look_every{2000};
};

struct WatchEvent {
  enum class Kind {
    kLoaded,
    kReplaced,  // by what lies there now
    kUnloaded,
    kRefused,  // what was loaded under this name before stays
  };

  Kind kind = Kind::kLoaded;
  std::string name;                      // of the module; empty where the folder itself can't be read
  std::string path;                      // of its file
  std::shared_ptr<const Plugin> plugin;  // what was loaded; null when unloaded or refused
  std::optional<Error> error;            // of kRefused
};

/// Called on the watch's thread, and during `Plugins::watch` on the caller's; never twice at once. It may use
/// the library, and end the watch. What it throws is dropped.
using OnWatch = std::function<void(const WatchEvent& event)>;

/// Goes on until it goes: after that no event comes. Its modules stay loaded.
class Watch {
 public:
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  /// Waits for a module that is being loaded.
  ~Watch();

 private:
  friend class Plugins;
  class Parts;
  explicit Watch(std::shared_ptr<Parts> parts);

  std::shared_ptr<Parts> parts_;
};

}  // namespace berth
