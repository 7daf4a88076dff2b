// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a server answers with: the modules and their routes, which can be exchanged while requests come. Who
// is let in and who is told to come back is decided here, once for each request, on the engine's threads.

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/server.h"
#include "host/http_module.h"
#include "serve/routes.h"

namespace berth::serve {

/// Modules and the way to them. Never changed once it is in use.
struct Table {
  Routes routes;  // to places in `modules`
  std::vector<std::shared_ptr<host::HttpModule>> modules;
};

class Site final : public engine::Router {
 public:
  /// `on_drained` is called on an engine's thread: it must not block or throw.
  Site(Table table, std::function<void(uint64_t left)> on_drained);

  /// From now on requests go by this one; those that are under way stay where they are.
  void exchange(Table table);
  std::shared_ptr<const Table> table() const;

  engine::Route route(const engine::RequestHead& head) noexcept override;
  void drained(uint64_t left) noexcept override;

 private:
  std::function<void(uint64_t)> on_drained_;
  mutable std::mutex lock_;
  std::shared_ptr<const Table> table_;  // guarded by lock_
};

}  // namespace berth::serve
