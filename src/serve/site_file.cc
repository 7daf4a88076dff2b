// SPDX-License-Identifier: Apache-2.0
#include "serve/site_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>

#include "policy/host.h"
#include "policy/nearest.h"
#include "policy/printable.h"
#include "policy/toml.h"
#include "registry/name.h"

namespace berth::serve {
namespace {

constexpr std::array<std::string_view, 1> kKeys{"route"};
constexpr std::array<std::string_view, 5> kRouteKeys{"at", "module", "policy", "name", "probe"};
constexpr std::string_view kShape = "[[route]] with at = \"/\" and module = \"web.wasm\"";

/// What a route begins with that is for other modules alone.
constexpr std::string_view kInside = "berth:";

Result<std::string> parse_name(std::string_view text) {
  if (policy::is_inside_label(text)) return std::string(text);
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} can't be a module's name: it has lower-case letters, digits and hyphens, 63 at "
                          "most, as in name = \"api\" or at = \"berth:api\"",
                          policy::quoted(text)));
}

/// Where a module is asked, into `route`. The rest of that may be there already.
Result<void> read_place(std::string_view text, SiteRoute& route) {
  if (!text.starts_with(kInside)) {
    route.at = BERTH_TRY(parse_route(text));
    return {};
  }
  std::string name = BERTH_TRY(parse_name(text.substr(kInside.size())));
  if (route.name && *route.name != name) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("a module has one name: it is called '{}' here, and '{}'", *route.name, name));
  }
  route.name = std::move(name);
  return {};
}

/// Reads one file; every error begins with where it is.
class Reader {
 public:
  explicit Reader(const std::string& file_name)
      : file_name_(policy::printable(file_name)), folder_(std::filesystem::path(file_name).parent_path()) {}

  Result<std::vector<SiteRoute>> read(std::string_view text) const {
    const toml::table table = BERTH_TRY(policy::parse_toml(text, file_name_));
    std::vector<SiteRoute> routes;
    for (auto&& [key, value] : table) {
      if (key != "route") {
        return wrong(key.source(), fmt::format("{} is not a key of this file{}", policy::quoted(key.str()),
                                               policy::did_you_mean(key.str(), kKeys)));
      }
      const toml::array* list = value.as_array();
      if (list == nullptr) return wrong(value.source(), fmt::format("a route is written {}", kShape));
      for (const toml::node& item : *list) routes.push_back(BERTH_TRY(read_route(item)));
    }
    return routes;
  }

 private:
  std::unexpected<Error> wrong(const toml::source_region& where, std::string_view message) const {
    return policy::wrong_at(file_name_, where, message);
  }

  Result<SiteRoute> read_route(const toml::node& node) const {
    const toml::table* table = node.as_table();
    if (table == nullptr) return wrong(node.source(), fmt::format("a route is written {}", kShape));
    SiteRoute route{.source = fmt::format("{}:{}", file_name_, node.source().begin.line)};
    bool has_place = false;
    for (auto&& [key, value] : *table) {
      if (std::ranges::find(kRouteKeys, key.str()) == kRouteKeys.end()) {
        return wrong(key.source(), fmt::format("{} is not a key of a route{}", policy::quoted(key.str()),
                                               policy::did_you_mean(key.str(), kRouteKeys)));
      }
      const auto text = value.value_exact<std::string>();
      if (!text || text->empty()) {
        return wrong(value.source(), fmt::format("'{}' is text, as in {}", key.str(), kShape));
      }
      if (key == "at") {
        const auto read = read_place(*text, route);
        if (!read) return wrong(value.source(), read.error().message);
        has_place = true;
      } else if (key == "module") {
        route.module = beside(*text);
      } else if (key == "name") {
        const auto named = read_place(fmt::format("{}{}", kInside, *text), route);
        if (!named) return wrong(value.source(), named.error().message);
      } else if (key == "probe") {
        auto probe = parse_probe(*text);
        if (!probe) return wrong(value.source(), probe.error().message);
        route.probe = *std::move(probe);
      } else {
        route.policy = beside(*text);
      }
    }
    if (!has_place || route.module.empty()) {
      return wrong(node.source(),
                   fmt::format("this route has no '{}': write {}", has_place ? "module" : "at", kShape));
    }
    return route;
  }

  std::string beside(const std::string& path) const {
    if (registry::has_scheme(path)) return path;
    return (folder_ / path).lexically_normal().string();
  }

  const std::string file_name_;
  const std::filesystem::path folder_;
};

bool is_same(const SiteModule& module, const SiteRoute& route) {
  return module.path == route.module && module.policy == route.policy;
}

/// Of each module the name that its routes give it: at most one, and no other module's.
Result<void> give_written_names(std::vector<SiteModule>& modules, const std::vector<SiteRoute>& routes) {
  for (const SiteRoute& route : routes) {
    if (!route.name) continue;
    for (SiteModule& module : modules) {
      const bool taken = is_same(module, route) ? !module.name.empty() && module.name != *route.name
                                                : module.name == *route.name;
      if (taken) {
        return fail(
            ErrorCode::kInvalidArgument,
            fmt::format("{}: a module has one name, and no two have the same: '{}' is called '{}' already",
                        route.source, module.path, module.name));
      }
      if (is_same(module, route)) module.name = *route.name;
    }
  }
  return {};
}

/// Of each module what its routes say that it is to be asked: at most one thing.
Result<void> give_probes(std::vector<SiteModule>& modules, const std::vector<SiteRoute>& routes) {
  for (const SiteRoute& route : routes) {
    if (!route.probe) continue;
    const auto module =
        std::ranges::find_if(modules, [&](const SiteModule& one) { return is_same(one, route); });
    if (!module->probe.empty() && module->probe != *route.probe) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{}: a module has one probe, and that of '{}' is '{}' already", route.source,
                              module->path, module->probe));
    }
    module->probe = *route.probe;
  }
  return {};
}

/// The others get their files', where only one module would be called that.
void give_file_names(std::vector<SiteModule>& modules) {
  const auto stem = [](const SiteModule& module) {
    const auto name = registry::parse_name(module.path);
    return name ? registry::short_name(*name) : std::filesystem::path(module.path).stem().string();
  };
  std::map<std::string, int> wanted;
  for (const SiteModule& module : modules) ++wanted[module.name.empty() ? stem(module) : module.name];
  for (SiteModule& module : modules) {
    const std::string name = stem(module);
    if (module.name.empty() && wanted[name] == 1 && policy::is_inside_label(name)) module.name = name;
  }
}

}  // namespace

Result<std::vector<SiteRoute>> parse_site(std::string_view toml_text, const std::string& file_name) {
  return Reader(file_name).read(toml_text);
}

Result<SiteRoute> parse_route_option(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals + 1 == text.size()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("--route {} names no module: write --route ROUTE=MODULE, as in --route "
                            "api.example.com/v1=api.wasm",
                            policy::quoted(text)));
  }
  SiteRoute route{.at = std::nullopt,
                  .module = std::string(text.substr(equals + 1)),
                  .policy = std::nullopt,
                  .name = std::nullopt,
                  .probe = std::nullopt,
                  .source = fmt::format("--route {}", policy::printable(text))};
  const auto read = read_place(text.substr(0, equals), route);
  if (!read) return fail(read.error().code, fmt::format("--route: {}", read.error().message));
  return route;
}

Result<std::string> parse_probe(std::string_view text) {
  const bool plain = std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
  if (text.starts_with('/') && plain) return std::string(text);
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} is no path to ask for: write one as in /ready", policy::quoted(text)));
}

Result<std::vector<SiteModule>> modules_of(const std::vector<SiteRoute>& routes) {
  if (routes.empty()) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("there is nothing to serve: give a MODULE, --route ROUTE=MODULE, or a --site file "
                    "with {}",
                    kShape));
  }
  if (std::ranges::none_of(routes, [](const SiteRoute& route) { return route.at.has_value(); })) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("{}: no module here can be asked from outside: give one of them a route, as in {}",
                    routes.front().source, kShape));
  }
  std::vector<SiteModule> modules;
  for (auto route = routes.begin(); route != routes.end(); ++route) {
    const auto before = std::ranges::find(routes.begin(), route, route->at, &SiteRoute::at);
    if (route->at && before != route) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{}: the route '{}' is taken by {}: give one of them another", route->source,
                              to_text(*route->at), before->source));
    }
    auto same =
        std::ranges::find_if(modules, [&](const SiteModule& module) { return is_same(module, *route); });
    if (same == modules.end()) {
      modules.push_back(
          {.path = route->module, .policy = route->policy, .name = {}, .probe = {}, .routes = {}});
      same = std::prev(modules.end());
    }
    if (route->at) same->routes.push_back(*route->at);
  }
  BERTH_TRY_VOID(give_probes(modules, routes));
  BERTH_TRY_VOID(give_written_names(modules, routes));
  give_file_names(modules);
  return modules;
}

}  // namespace berth::serve
