// SPDX-License-Identifier: Apache-2.0
#pragma once
// A site as a file: which modules answer, and each one's own policy.
//
//   [[route]]
//   at = "api.example.com/v1"
//   module = "api.wasm"
//   policy = "api.toml"
//   name = "api"
//
//   [[route]]
//   at = "/"
//   module = "web.wasm"
//
// Paths are relative to the file. A module that has several routes under one policy is one module. By its
// name other modules of the site ask it, where their grants let them: `http.out berth:api`. Where none is
// written it is the file's, without its ending, if that can be a name and is no other module's.
//
// Pure; safe on any thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "serve/routes.h"

namespace berth::serve {

/// A module that is asked for, and the way to it.
struct SiteRoute {
  RoutePattern at;
  std::string module;                 // a file's path
  std::optional<std::string> policy;  // the same
  std::optional<std::string> name;    // of the module
  std::string source;                 // "site.toml:3", "--route /=web.wasm"
};

/// Errors begin with `file_name:line:column`. Paths become relative to where the file lies.
Result<std::vector<SiteRoute>> parse_site(std::string_view toml_text, const std::string& file_name);

/// "api.example.com/v1=api.wasm", as on a command line.
Result<SiteRoute> parse_route_option(std::string_view text);

/// A module with all its routes.
struct SiteModule {
  std::string path;
  std::optional<std::string> policy;
  std::string name;  // by which others ask it; empty: none can
  std::vector<RoutePattern> routes;

  bool operator==(const SiteModule&) const = default;
};

/// kInvalidArgument names both of two routes that are equal, or whose names contradict each other, or says
/// that there is none.
Result<std::vector<SiteModule>> modules_of(const std::vector<SiteRoute>& routes);

}  // namespace berth::serve
