// SPDX-License-Identifier: Apache-2.0
#pragma once
// The modules of a running program, by name: loaded, replaced and unloaded while calls are in flight.
//
//   auto plugins = berth::Plugins::create(host);
//   plugins->load("vat", "plugins/vat.wasm").value();
//   const auto rules = plugins->implementing("shop:price/rule@1.2").value();
//   for (const auto& [plugin, interface] : rules) {
//     auto rule  = plugin->module->instantiate().value();
//     auto total = rule->function<uint32_t(uint32_t)>(interface + ".total").value();
//   }
//
// Nothing that runs is taken away: a version that was replaced or unloaded lives for as long as somebody
// holds it, one of its instances or one of their functions, and their calls end on it. It goes with the last
// of them.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "berth/host.h"
#include "berth/result.h"
#include "berth/watch.h"

namespace berth {

/// One version of a named module. A value that never changes; any thread.
struct Plugin {
  std::string name;
  std::string path;      // of the file that it was loaded from; empty when it was bytes
  uint64_t version = 0;  // larger than that of all whose loading began before, whatever their names
  std::shared_ptr<Module> module;
  std::vector<std::string> interfaces;  // as `Module::interfaces` has them
};

/// Who implements an interface, and how it calls it: "shop:price/rule@1.3.0".
struct Implementation {
  std::shared_ptr<const Plugin> plugin;
  std::string interface;
};

/// Any thread. Kept by its watches.
class Plugins : public std::enable_shared_from_this<Plugins> {
 public:
  static std::shared_ptr<Plugins> create(std::shared_ptr<Host> host);
  Plugins(const Plugins&) = delete;
  Plugins& operator=(const Plugins&) = delete;
  ~Plugins();

  /// Loads a module under this name, in place of the one that has it. Blocks as `Host::load`; others aren't
  /// held up. When it can't be loaded the one before stays, with its version. Of several loads of a name that
  /// go on at once the last begun counts: kCancelled for one that comes after it, or after an unloading.
  Result<std::shared_ptr<const Plugin>> load(std::string name, const std::string& path);
  Result<std::shared_ptr<const Plugin>> load(std::string name, std::span<const std::byte> bytes);

  /// False when there is none of this name.
  bool unload(std::string_view name);

  /// The one that has this name now; null when there is none.
  std::shared_ptr<const Plugin> find(std::string_view name) const;

  /// All of them now, in the order of their names.
  std::vector<std::shared_ptr<const Plugin>> all() const;

  /// Who exports an interface that may stand for this one, by semantic versioning: asked for 1.2, those
  /// with 1.2.x and 1.3.0, not 2.0.0; asked for 0.2, those with 0.2.x alone; without a version, all. Newest
  /// version first, then by name. kInvalidArgument when it is no interface's name.
  Result<std::vector<Implementation>> implementing(std::string_view interface) const;

  /// Keeps the modules of a folder loaded (watch.h).
  Result<std::unique_ptr<Watch>> watch(const std::string& folder, const WatchOptions& options,
                                       OnWatch on_change);

 private:
  friend class Watch;
  struct Parts;
  explicit Plugins(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace berth
