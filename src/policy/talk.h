// SPDX-License-Identifier: Apache-2.0
#pragma once
// The extents of the doors through which modules talk: `messaging` and `p2p`. Each is a list of rules, a verb
// and what it applies to, with `|` between them.
//
//   messaging publish sensors.> | subscribe cmd.* | request time.now      subjects as NATS has them
//   p2p       dial /spark/1.0.0 | listen /echo/1.0.0                      a final `*` is a prefix
//
// Pure; safe on any thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::policy {

enum class TalkVerb { kPublish, kSubscribe, kRequest, kDial, kListen };

std::string_view verb_name(TalkVerb verb);

struct TalkRule {
  TalkVerb verb = TalkVerb::kPublish;
  std::string what;  // a subject or a protocol

  auto operator<=>(const TalkRule&) const = default;
};

/// In each, rules are sorted and none twice.
struct MessagingGrant {
  std::vector<TalkRule> rules;

  bool operator==(const MessagingGrant&) const = default;
};

struct P2pGrant {
  std::vector<TalkRule> rules;

  bool operator==(const P2pGrant&) const = default;
};

Result<MessagingGrant> parse_messaging(std::string_view extent);
std::string extent_text(const MessagingGrant& grant);
bool contains(const MessagingGrant& outer, const MessagingGrant& inner);
std::optional<MessagingGrant> narrow(const MessagingGrant& asked, const MessagingGrant& owner);

Result<P2pGrant> parse_p2p(std::string_view extent);
std::string extent_text(const P2pGrant& grant);
bool contains(const P2pGrant& outer, const P2pGrant& inner);
std::optional<P2pGrant> narrow(const P2pGrant& asked, const P2pGrant& owner);

/// Whether every subject of `inner` is one of `outer`; both may hold `*` (one token) and a final `>`.
bool subject_lies_in(std::string_view outer, std::string_view inner);

}  // namespace berth::policy
