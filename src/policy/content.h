// SPDX-License-Identifier: Apache-2.0
#pragma once
// The extent of `content`: which content a module may fetch, and what it may publish.
//
//   content  fetch [ipfs://CID[/PATH] | ipns://NAME[/PATH]] [max=SIZE]
//   content  publish [max=SIZE]
//   content  publish ipns://KEY
//
// with `|` between rules. `fetch` alone is anything; `ipfs://*` is any CID and `ipns://*` any name. A rule
// for a CID opens what stands there and what is reached from it by names, never a CID that lies below by
// itself. `max` is what one fetch may bring. `publish` alone is adding, laying out and pinning, `max` how
// many bytes in all, and no name; `publish ipns://KEY` is the name of that key, and nothing is added by it.
//
// A path is written as in a URL and kept in one form: `%20` for a blank, letters as they are. CIDs are
// compared as text: the caller gives each of them the same base first. "CID" and "/ipfs/CID" are read as
// well.
//
// Pure; safe on any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::policy {

enum class ContentVerb { kFetch, kPublish };

std::string_view verb_name(ContentVerb verb);

struct ContentRule {
  ContentVerb verb = ContentVerb::kFetch;
  std::string what;  // "ipfs://bafy…/a", "ipns://*"; empty: see above
  std::optional<uint64_t> most_bytes;

  auto operator<=>(const ContentRule&) const = default;
};

/// Rules are sorted and none twice.
struct ContentGrant {
  std::vector<ContentRule> rules;

  bool operator==(const ContentGrant&) const = default;
};

Result<ContentGrant> parse_content(std::string_view extent);
std::string extent_text(const ContentGrant& grant);
bool contains(const ContentGrant& outer, const ContentGrant& inner);
std::optional<ContentGrant> narrow(const ContentGrant& asked, const ContentGrant& owner);

/// "ipfs://CID/PATH" or "ipns://NAME/PATH" in the form of a rule, of any of the ways to write it. Without a
/// wildcard. kInvalidArgument.
Result<std::string> content_target(std::string_view text);

/// One name of a path as a target has it: "a b" is "a%20b". And back.
std::string content_name(std::string_view name);
std::string content_name_read(std::string_view text);

/// Of the rules that open it, the one with the widest bound; null when none does. `what` is a target, or
/// empty for what is published.
const ContentRule* opening_rule(const ContentGrant& grant, ContentVerb verb, std::string_view what);

}  // namespace berth::policy
