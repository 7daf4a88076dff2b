// SPDX-License-Identifier: Apache-2.0
#include "serve/routes.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/host.h"
#include "policy/printable.h"

namespace berth::serve {
namespace {

/// As `parse_route` writes hosts.
std::string plain_host(std::string_view host) {
  std::string plain(host);
  std::ranges::transform(plain, plain.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  if (plain.ends_with('.')) plain.pop_back();
  return plain;
}

bool fits(const RoutePattern& pattern, std::string_view host, std::string_view path) {
  if (!pattern.host.empty() && pattern.host != host) return false;
  return path.starts_with(pattern.prefix) &&
         (path.size() == pattern.prefix.size() || path[pattern.prefix.size()] == '/');
}

}  // namespace

Result<RoutePattern> parse_route(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is no route: {}; write HOST, /PATH or HOST/PATH, as in api.example.com/v1",
                            policy::quoted(text), why));
  };
  if (text.empty()) return wrong("it is empty");
  const size_t slash = std::min(text.find('/'), text.size());
  const std::string_view host = text.substr(0, slash);
  std::string_view prefix = text.substr(slash);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (prefix.contains("//")) return wrong("its path has an empty part");
  const bool plain =
      std::ranges::all_of(prefix, [](char c) { return c > ' ' && c < 0x7f && c != '?' && c != '#'; });
  if (!plain) return wrong("its path has characters that no path has");
  RoutePattern pattern{.host = plain_host(host), .prefix = std::string(prefix)};
  if (host.empty()) return pattern;
  const auto parsed = policy::parse_host(host);
  if (!parsed) return wrong(parsed.error().message);
  const bool one = parsed->kind == policy::HostKind::kName || parsed->kind == policy::HostKind::kNetwork;
  if (!one) return wrong("its host is one name or address, not a pattern");
  return pattern;
}

std::string to_text(const RoutePattern& pattern) {
  const bool all = pattern.host.empty() && pattern.prefix.empty();
  return all ? "/" : pattern.host + pattern.prefix;
}

Result<void> Routes::add(RoutePattern pattern, size_t target) {
  if (std::ranges::find(entries_, pattern, &Entry::pattern) != entries_.end()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("two modules have the route '{}': give one of them another", to_text(pattern)));
  }
  entries_.push_back({std::move(pattern), target});
  std::ranges::sort(entries_, [](const Entry& left, const Entry& right) {
    const bool left_host = !left.pattern.host.empty();
    const bool right_host = !right.pattern.host.empty();
    if (left_host != right_host) return left_host;
    return left.pattern.prefix.size() > right.pattern.prefix.size();
  });
  return {};
}

std::optional<Routes::Found> Routes::find_route(std::string_view host, std::string_view path) const {
  const std::string plain = plain_host(host);
  path = path.substr(0, path.find('?'));
  for (const Entry& entry : entries_) {
    if (fits(entry.pattern, plain, path))
      return Found{.target = entry.target, .prefix = entry.pattern.prefix};
  }
  return std::nullopt;
}

std::optional<size_t> Routes::find(std::string_view host, std::string_view path) const {
  const auto found = find_route(host, path);
  return found ? std::optional(found->target) : std::nullopt;
}

}  // namespace berth::serve
