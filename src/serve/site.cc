// SPDX-License-Identifier: Apache-2.0
#include "serve/site.h"

#include <algorithm>
#include <utility>

#include "policy/host.h"
#include "serve/followed.h"

namespace berth::serve {
namespace {

constexpr uint16_t kNotFound = 404;
constexpr uint16_t kLoop = 508;
/// Told to come back: there was no place, nor one in the queue, or none in time.
const engine::Route kBusy{.service = nullptr, .status = 503, .retry_after = std::chrono::seconds(1)};

}  // namespace

Site::Site(Table table, const SiteSettings& settings, std::function<void(uint64_t)> on_drained)
    : settings_(settings), on_drained_(std::move(on_drained)) {
  exchange(std::move(table));
}

void Site::exchange(Table table) {
  auto next = std::make_shared<Open>(Open{.table = std::move(table), .counters = {}});
  std::shared_ptr<const Open> before;
  {
    const std::lock_guard guard(lock_);
    for (const auto& module : next->table.modules) {
      auto& counters = by_name_[module->loaded().name];
      if (counters == nullptr) counters = std::make_shared<host::Counters>();
      next->counters.push_back(counters);
    }
    before = std::exchange(open_, std::move(next));
  }
  // The one before goes here, outside the lock.
}

std::shared_ptr<const Site::Open> Site::opened() const {
  const std::lock_guard guard(lock_);
  return open_;
}

std::shared_ptr<const Table> Site::table() const {
  auto open = opened();
  const Table* const table = &open->table;
  return {std::move(open), table};
}

engine::Decision Site::route(const engine::RequestHead& head) noexcept {
  auto request = std::make_unique<Followed>(head, lost_, settings_.access_log, settings_.telemetry);
  if (head.refused != 0) return {.route = {.status = head.refused}, .request = std::move(request)};
  if (head.hops > 0) return route_inside(head, std::move(request));
  const auto open = opened();
  const auto found = open->table.routes.find_route(head.host, head.path);
  if (!found) return {.route = {.status = kNotFound}, .request = std::move(request)};
  return to_module(*open, *found, std::move(request));
}

engine::Decision Site::route_inside(const engine::RequestHead& head,
                                    std::unique_ptr<Followed> request) const {
  if (head.hops > kMostHops) return {.route = {.status = kLoop}, .request = std::move(request)};
  const auto name = policy::parse_host_name(head.host);
  const auto open = opened();
  const auto found = open->table.names.find(name ? policy::inside_label(*name) : "");
  if (found == open->table.names.end())
    return {.route = {.status = kNotFound}, .request = std::move(request)};
  return to_module(*open, {.target = found->second, .prefix = {}}, std::move(request));
}

engine::Decision Site::to_module(const Open& open, Routes::Found found,
                                 std::unique_ptr<Followed> request) const {
  const auto& module = open.table.modules[found.target];
  request->goes_to(module, open.counters[found.target], found.prefix);
  engine::Decision decision{.route = kBusy};
  if (const Trace* const trace = request->trace()) {
    decision.traceparent = trace->traceparent;
    decision.fresh_trace = trace->fresh;
  }
  host::Admission& admission = module->admission();
  if (admission.enter()) {
    request->admitted();
    decision.route = {.service = module->service()};
  } else if (auto ticket = admission.queue()) {
    request->waits(std::move(ticket));
    decision.wait = settings_.queue_time;
  }
  decision.request = std::move(request);
  return decision;
}

void Site::drained(uint64_t left) noexcept {
  on_drained_(left);
}

std::vector<ModuleFigures> Site::figures() const {
  std::shared_ptr<const Open> open;
  std::vector<ModuleFigures> all;
  {
    const std::lock_guard guard(lock_);
    open = open_;
    for (const auto& [name, counters] : by_name_)
      all.push_back(
          {.name = name, .counted = host::read(*counters), .memory = {}, .content = {}, .told = {}});
  }
  for (const auto& module : open->table.modules) {
    const auto figures = std::ranges::find(all, module->loaded().name, &ModuleFigures::name);
    const host::MemoryUse memory = module->memory();
    figures->counted.instances += module->admission().inside();
    figures->counted.waiting += module->admission().waiting();
    figures->memory.used_bytes += memory.used_bytes;
    figures->memory.peak_bytes += memory.peak_bytes;
    figures->memory.limit_bytes += memory.limit_bytes;
    figures->content += module->brought();
    figures->told += module->told();
  }
  return all;
}

host::Counted Site::lost() const {
  return host::read(*lost_);
}

}  // namespace berth::serve
