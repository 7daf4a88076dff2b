// SPDX-License-Identifier: Apache-2.0
#pragma once
// A site as a file: which modules answer, and each one's own policy.
//
//   [[route]]
//   at = "api.example.com/v1"
//   module = "api.wasm"
//   policy = "api.toml"
//   name = "api"
//   probe = "/ready"
//
//   [[route]]
//   at = "berth:store"
//   module = "store.wasm"
//
//   [[route]]
//   at = "/"
//   module = "web.wasm"
//
// A module is a file, or has another of the names of registry/name.h. `berth:NAME` is a way for the site's
// other modules alone: nothing from outside leads there. Paths are relative to the file. A module that has
// several routes under one policy is one module. By its name other modules of the site ask it, where their
// grants let them: `http.out berth:api`. Where none is written it is the file's, without its ending, if that
// can be a name and is no other module's. A version of a module with a `probe` is taken once it has answered
// a GET of that path below 500.
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
  std::optional<RoutePattern> at;     // none: from outside there is no way to it
  std::string module;                 // a file's path, or another name
  std::optional<std::string> policy;  // the same
  std::optional<std::string> name;    // of the module
  std::optional<std::string> probe;   // of the module: a path
  std::string source;                 // "site.toml:3", "--route /=web.wasm"
};

/// Errors begin with `file_name:line:column`. Paths become relative to where the file lies.
Result<std::vector<SiteRoute>> parse_site(std::string_view toml_text, const std::string& file_name);

/// "api.example.com/v1=api.wasm" or "berth:store=store.wasm", as on a command line.
Result<SiteRoute> parse_route_option(std::string_view text);

/// A path to ask a new version for.
Result<std::string> parse_probe(std::string_view text);

/// A module with all its routes.
struct SiteModule {
  std::string path;
  std::optional<std::string> policy;
  std::string name;   // by which others ask it; empty: none can
  std::string probe;  // what a version has to answer before it is taken; empty: nothing
  std::vector<RoutePattern> routes;

  bool operator==(const SiteModule&) const = default;
};

/// kInvalidArgument names both of two routes that are equal, or whose names or probes contradict each other,
/// or says that there is none, or none that can be asked from outside.
Result<std::vector<SiteModule>> modules_of(const std::vector<SiteRoute>& routes);

}  // namespace berth::serve
