// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a server answers with: the modules and their routes, which can be exchanged while requests come. Who
// is let in, who waits and who is told to come back is decided here, once for each request, on the engine's
// threads.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/server.h"
#include "host/counters.h"
#include "host/http_module.h"
#include "serve/access_log.h"
#include "serve/routes.h"
#include "serve/telemetry.h"

namespace berth::serve {

/// Modules and the way to them. Never changed once it is in use.
struct Table {
  Routes routes;                                     // to places in `modules`
  std::map<std::string, size_t, std::less<>> names;  // by which modules ask each other: the same
  std::vector<std::shared_ptr<host::HttpModule>> modules;
};

class Followed;

struct SiteSettings {
  std::chrono::nanoseconds queue_time = std::chrono::seconds(5);  // how long a request waits for a place
  AccessLog* access_log = nullptr;                                // outlives the site
  Telemetry* telemetry = nullptr;                                 // the same
};

/// What was counted of the modules of one name, and what they have now.
struct ModuleFigures {
  std::string name;
  host::Counted counted;  // over all its versions
  host::MemoryUse memory;
  content::Brought content;  // that came for it
  activity::Told told;       // what it told its owner
};

class Site final : public engine::Router {
 public:
  /// Requests from module to module that may lead to one another: a ring of modules ends there. Longer than a
  /// chain that somebody draws, and short enough for a module that asks itself not to take all its places.
  static constexpr uint32_t kMostHops = 8;

  /// `on_drained` is called on an engine's thread: it must not block or throw.
  Site(Table table, const SiteSettings& settings, std::function<void(uint64_t left)> on_drained);

  /// From now on requests go by this one; those that are under way stay where they are. A module goes on
  /// counting where the one of its name was.
  void exchange(Table table);
  std::shared_ptr<const Table> table() const;

  engine::Decision route(const engine::RequestHead& head) noexcept override;
  void drained(uint64_t left) noexcept override;

  /// In the order of their names. Any thread.
  std::vector<ModuleFigures> figures() const;
  /// Of requests that went to no module. Any thread.
  host::Counted lost() const;

 private:
  /// A table, and where its modules count.
  struct Open {
    Table table;
    std::vector<std::shared_ptr<host::Counters>> counters;
  };

  std::shared_ptr<const Open> opened() const;
  engine::Decision route_inside(const engine::RequestHead& head, std::unique_ptr<Followed> request) const;
  engine::Decision to_module(const Open& open, Routes::Found found, std::unique_ptr<Followed> request) const;

  const SiteSettings settings_;
  std::function<void(uint64_t)> on_drained_;
  const std::shared_ptr<host::Counters> lost_ = std::make_shared<host::Counters>();
  mutable std::mutex lock_;
  std::shared_ptr<const Open> open_;                                // guarded by lock_
  std::map<std::string, std::shared_ptr<host::Counters>> by_name_;  // the same: of all that there ever were
};

}  // namespace berth::serve
