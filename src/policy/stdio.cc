// SPDX-License-Identifier: Apache-2.0
#include "policy/stdio.h"

#include <fmt/format.h>

#include "policy/printable.h"
#include "policy/split.h"

namespace berth::policy {

Result<StdioGrant> parse_stdio(std::string_view extent) {
  StdioGrant grant;
  for (std::string_view part : split(extent, ',')) {
    std::string_view stream = trimmed(part);
    if (stream == "in") {
      grant.in = true;
    } else if (stream == "out") {
      grant.out = true;
    } else if (stream == "err") {
      grant.err = true;
    } else {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{} is not a stream, use 'in', 'out' or 'err'", quoted(stream)));
    }
  }
  return grant;
}

std::string extent_text(const StdioGrant& grant) {
  std::string text;
  if (grant.in) text += "in,";
  if (grant.out) text += "out,";
  if (grant.err) text += "err,";
  if (!text.empty()) text.pop_back();
  return text;
}

bool contains(const StdioGrant& outer, const StdioGrant& inner) {
  return (outer.in || !inner.in) && (outer.out || !inner.out) && (outer.err || !inner.err);
}

std::optional<StdioGrant> narrow(const StdioGrant& asked, const StdioGrant& owner) {
  StdioGrant both{.in = asked.in && owner.in, .out = asked.out && owner.out, .err = asked.err && owner.err};
  if (both == StdioGrant{}) return std::nullopt;
  return both;
}

}  // namespace berth::policy
