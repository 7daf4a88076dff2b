// SPDX-License-Identifier: Apache-2.0
#include "cli/serve_modules.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <iterator>

#include "base/os/file.h"
#include "serve/tried.h"

namespace berth::cli {
namespace {

constexpr uint64_t kLargestSite = 1 << 20;

std::unexpected<Error> about(const serve::SiteModule& module, const Error& error) {
  return fail(error.code, fmt::format("'{}' can't be served: {}", module.path, error.message));
}

}  // namespace

Result<std::string> read_site(const std::string& file) {
  return read_file(file, kLargestSite);
}

Result<std::vector<serve::SiteModule>> modules_asked(const AskedSite& asked, const std::string& site_text) {
  std::vector<serve::SiteRoute> routes;
  if (!asked.file.empty()) routes = BERTH_TRY(serve::parse_site(site_text, asked.file));
  for (const std::string& text : asked.routes) routes.push_back(BERTH_TRY(serve::parse_route_option(text)));
  if (!asked.module.empty()) {
    routes.push_back({.at = serve::RoutePattern(),
                      .module = asked.module,
                      .policy = std::nullopt,
                      .name = std::nullopt,
                      .probe = std::nullopt,
                      .source = asked.module});
  }
  auto modules = serve::modules_of(routes);
  if (!modules || asked.probe.empty()) return modules;
  for (serve::SiteModule& module : *modules) {
    if (module.probe.empty()) module.probe = asked.probe;
  }
  return modules;
}

std::optional<engine::Probe> ServedModule::probe() const {
  if (asked.probe.empty()) return std::nullopt;
  const auto with_host = std::ranges::find_if(
      asked.routes, [](const serve::RoutePattern& route) { return !route.host.empty(); });
  return engine::Probe{.host = with_host != asked.routes.end() ? with_host->host : "localhost",
                       .path = asked.probe};
}

GuestOptions options_for(const GuestOptions& options, const serve::SiteModule& module) {
  GuestOptions own = options;
  own.module = module.path;
  if (module.policy) own.policy.policy_file = module.policy;
  return own;
}

Result<ServedModules> ServedModules::make_ready(const std::vector<serve::SiteModule>& asked,
                                                const GuestOptions& options, const Shared& shared) {
  ServedModules ready;
  for (const serve::SiteModule& module : asked) {
    GuestOptions own = options_for(options, module);
    auto berthed = berth_module(own, host::Use::kServed, shared);
    // Of one alone it is clear which one is meant.
    if (!berthed)
      return asked.size() == 1 ? std::unexpected(berthed.error()) : about(module, berthed.error());
    ready.modules_.push_back(
        {.asked = module, .options = std::move(own), .berthed = *std::move(berthed), .current = {}});
  }
  return ready;
}

std::vector<const Berthed*> ServedModules::berthed() const {
  std::vector<const Berthed*> all;
  for (const ServedModule& module : modules_) all.push_back(&module.berthed);
  return all;
}

Result<void> ServedModules::limit_group(OwnGroup& group, uint64_t connections) const {
  host::GroupUse use = group_use(berthed(), host::Use::kServed);
  use.connections = connections;
  return group.limit(std::move(use));
}

Result<void> ServedModules::raise_wall(const GuestOptions& options, const engine::Engine& engine,
                                       const UserFolders& folders,
                                       std::span<const host::OwnServer> servers) const {
  std::ignore = BERTH_TRY(raise_second_wall(options, engine, folders, berthed(), {}, servers));
  return {};
}

Result<void> ServedModules::start(const engine::Engine& engine, const host::Serving& serving,
                                  const Watch& watch) {
  uint64_t number = 0;
  for (ServedModule& module : modules_) {
    host::CommandRequest request = request_for(module.options, module.berthed);
    module.current = {.module = nullptr, .policy = request.policy, .number = number++};
    auto watched = watch(module.berthed.loaded, module.current.number);
    auto made = host::HttpModule::create(engine, std::move(module.berthed.loaded), std::move(request),
                                         serving, std::move(watched));
    if (!made) return about(module.asked, made.error());
    module.current.module = *std::move(made);
  }
  return {};
}

Result<void> ServedModules::try_out(const engine::Engine& engine) const {
  for (const ServedModule& module : modules_) {
    const auto probe = module.probe();
    std::promise<engine::Tried> told;
    module.current.module->try_out(engine, probe ? &*probe : nullptr, serve::kTrialTime,
                                   [&](const engine::Tried& tried) { told.set_value(tried); });
    if (const auto wrong = serve::wrong_with(told.get_future().get(), probe ? &*probe : nullptr))
      return about(module.asked, *wrong);
  }
  return {};
}

std::vector<std::string> ServedModules::unanswered() const {
  std::vector<std::string> lines;
  for (const ServedModule& module : modules_) {
    for (const policy::Grant& grant : module.current.policy.grants) {
      const auto* http = std::get_if<policy::HttpOutGrant>(&grant.extent);
      if (http == nullptr || !policy::stays_inside(*http) ||
          http->endpoint.host.kind != policy::HostKind::kName)
        continue;
      const std::string_view name = policy::inside_label(http->endpoint.host.name);
      const bool served =
          std::ranges::any_of(modules_, [&](const ServedModule& other) { return other.asked.name == name; });
      if (!served) {
        lines.push_back(
            fmt::format("'{}' may ask '{}', and no module here is called that: give one a name in its "
                        "[[route]], or serve a {}.wasm, one alone",
                        module.asked.path, to_text(grant), name));
      }
    }
  }
  return lines;
}

policy::Policy ServedModules::everything() const {
  policy::Policy all;
  for (const ServedModule& module : modules_) {
    std::ranges::copy(module.berthed.effective.policy.grants, std::back_inserter(all.grants));
  }
  return all;
}

serve::Table ServedModules::table() const {
  serve::Table table;
  for (const ServedModule& module : modules_) {
    for (const serve::RoutePattern& route : module.asked.routes) {
      // Those that are equal were refused when they were read.
      std::ignore = table.routes.add(route, table.modules.size());
    }
    if (!module.asked.name.empty()) table.names[module.asked.name] = table.modules.size();
    table.modules.push_back(module.current.module);
  }
  return table;
}

void ServedModules::close() const {
  for (const ServedModule& module : modules_) module.current.module->close();
}

}  // namespace berth::cli
