// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is behind `Plugins`, for the sources of this room alone: the names, and whose turn it is at each.

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "berth/plugins.h"
#include "embed/exported.h"

namespace berth {

struct BERTH_HIDDEN Plugins::Parts {
  /// A name with its module, or which is being loaded.
  struct Slot {
    uint64_t version = 0;  // of what was last taken: a module, or that there is none
    size_t loading = 0;
    std::shared_ptr<const Plugin> current;
  };

  explicit Parts(std::shared_ptr<Host> given) : host(std::move(given)) {}

  /// `file` is what messages call it.
  Result<std::shared_ptr<const Plugin>> load(std::string name, std::string path, std::string file,
                                             std::span<const std::byte> bytes);
  /// Only where it has this version; any where none is given. Returns what was unloaded.
  std::shared_ptr<const Plugin> unload(std::string_view name, std::optional<uint64_t> version);

  const std::shared_ptr<Host> host;
  mutable std::mutex lock;
  uint64_t last_version = 0;                       // guarded by lock
  std::map<std::string, Slot, std::less<>> slots;  // guarded by lock

 private:
  class Loading;

  uint64_t begin(const std::string& name);
  Result<void> take(const std::shared_ptr<const Plugin>& plugin);
  void end(const std::string& name);
};

}  // namespace berth
