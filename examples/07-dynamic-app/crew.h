// SPDX-License-Identifier: Apache-2.0
#pragma once
// The plugins at work: an instance of each, made when it is first needed.
//
// A plugin that fails is set aside: its instance goes, the shop says what happened and does without it until
// another version of it is put into the folder.

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "catalogue.h"
#include "say.h"
#include "shop.h"

/// One thread: the one that sells. The folder is watched by another, which only changes what `Plugins` knows.
class Crew {
 public:
  Crew(std::shared_ptr<berth::Plugins> plugins, std::shared_ptr<Catalogue> catalogue);

  /// Calls `use(exports)` for each plugin that implements an interface, in the order of their names. What it
  /// returns is a `berth::Result<void>`; an error in it sets the plugin aside.
  template <class Exports, class Use>
  void each(std::string_view interface, Use use);

 private:
  struct Worker {
    uint64_t version = 0;
    std::shared_ptr<berth::Instance> instance;  // null: set aside
  };

  Worker& worker_of(const berth::Plugin& plugin);
  /// What this plugin gets: the catalogue, and what the policy beside it grants.
  berth::InstanceOptions options_of(const berth::Plugin& plugin) const;
  static void set_aside(Worker& worker, const berth::Plugin& plugin, const berth::Error& why);
  void forget_those_gone();

  std::shared_ptr<berth::Plugins> plugins_;
  berth::Imports imports_;
  std::map<std::string, Worker> workers_;
};

template <class Exports, class Use>
void Crew::each(std::string_view interface, Use use) {
  forget_those_gone();
  const auto found = plugins_->implementing(interface);
  if (!found) return say("! ", found.error().message);
  for (const auto& [plugin, name] : *found) {
    Worker& worker = worker_of(*plugin);
    if (!worker.instance) continue;
    const auto exports = Exports::of(worker.instance);
    if (!exports) {
      set_aside(worker, *plugin, exports.error());
    } else if (const berth::Result<void> used = use(*exports); !used) {
      set_aside(worker, *plugin, used.error());
    }
  }
}
