// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which module a request goes to: by host and by path, the longest that fits.
//
//   api.example.com/v1    requests for that host whose path is /v1 or lies below it
//   /static               that path, of any host
//   api.example.com       all of that host
//
// A route with a host comes before those without, among these the longest path. Hosts are compared without
// case, without port and without a final dot. Paths are compared as they are written, segment by segment, so
// that what a module sees is what was compared: "/v1" doesn't hold "/v10", nor "/a/../v1".
//
// Pure; safe on any thread.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::serve {

struct RoutePattern {
  std::string host;    // in lower case; empty: any
  std::string prefix;  // "" or "/v1": without a final slash

  bool operator==(const RoutePattern&) const = default;
};

Result<RoutePattern> parse_route(std::string_view text);
std::string to_text(const RoutePattern& pattern);

class Routes {
 public:
  /// kInvalidArgument when one is there already.
  Result<void> add(RoutePattern pattern, size_t target);

  struct Found {
    size_t target = 0;
    std::string_view prefix;  // of the route's path, as long as the routes are there
  };
  /// Where a request goes; `path` may have a query.
  std::optional<Found> find_route(std::string_view host, std::string_view path) const;
  /// The target alone.
  std::optional<size_t> find(std::string_view host, std::string_view path) const;

 private:
  struct Entry {
    RoutePattern pattern;
    size_t target = 0;
  };
  std::vector<Entry> entries_;  // the first that fits is it
};

}  // namespace berth::serve
