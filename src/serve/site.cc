// SPDX-License-Identifier: Apache-2.0
#include "serve/site.h"

namespace berth::serve {

Site::Site(Table table, std::function<void(uint64_t)> on_drained)
    : on_drained_(std::move(on_drained)), table_(std::make_shared<const Table>(std::move(table))) {}

void Site::exchange(Table table) {
  auto next = std::make_shared<const Table>(std::move(table));
  {
    const std::lock_guard guard(lock_);
    table_.swap(next);
  }
  // The one before goes here, outside the lock.
}

std::shared_ptr<const Table> Site::table() const {
  const std::lock_guard guard(lock_);
  return table_;
}

engine::Route Site::route(const engine::RequestHead& head) noexcept {
  constexpr uint16_t kNotFound = 404;
  constexpr uint16_t kBusy = 503;
  const auto now = table();
  const auto found = now->routes.find(head.host, head.path);
  if (!found) return {.service = nullptr, .status = kNotFound};
  host::HttpModule& module = *now->modules[*found];
  if (!module.admit()) return {.service = nullptr, .status = kBusy, .retry_after = std::chrono::seconds(1)};
  return {.service = module.service()};
}

void Site::drained(uint64_t left) noexcept {
  on_drained_(left);
}

}  // namespace berth::serve
