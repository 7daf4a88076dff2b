// SPDX-License-Identifier: Apache-2.0
#include "policy/talk.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "policy/invalid.h"
#include "policy/named.h"
#include "policy/nearest.h"
#include "policy/split.h"

namespace berth::policy {
namespace {

using enum TalkVerb;

constexpr std::array<std::string_view, 5> kVerbNames{"publish", "subscribe", "request", "dial", "listen"};
constexpr std::array kMessagingVerbs{kPublish, kSubscribe, kRequest};
constexpr std::array kP2pVerbs{kDial, kListen};

using Lies = bool (*)(std::string_view outer, std::string_view inner);
using Rules = std::vector<TalkRule>;

Result<TalkVerb> parse_verb(std::string_view text, std::span<const TalkVerb> verbs) {
  std::vector<std::string_view> names;
  for (TalkVerb verb : verbs) {
    if (verb_name(verb) == text) return verb;
    names.push_back(verb_name(verb));
  }
  return invalid(text, fmt::format("is not a verb{}", did_you_mean(text, names)));
}

Result<std::string> parse_subject(std::string_view text) {
  auto tokens = split(text, '.');
  for (size_t i = 0; i < tokens.size(); ++i) {
    std::string_view token = tokens[i];
    bool last = i + 1 == tokens.size();
    bool wild = token.find_first_of("*>") != std::string_view::npos;
    if (token.empty() || token.find_first_of(" \t|") != std::string_view::npos) {
      return invalid(text, "is not a subject, use words with dots between them");
    }
    if (wild && token != "*" && !(token == ">" && last)) {
      return invalid(text,
                     "has a wildcard in the wrong place, use '*' for one word and '>' for all that follow");
    }
  }
  return std::string(text);
}

Result<std::string> parse_protocol(std::string_view text) {
  bool star = text.ends_with('*');
  std::string_view stem = star ? text.substr(0, text.size() - 1) : text;
  bool plain = stem.find_first_of(" \t|*") == std::string_view::npos;
  if (!plain || !stem.starts_with('/') || (stem == "/" && !star)) {
    return invalid(text, "is not a protocol, it begins with '/' and only its end may be '*'");
  }
  return std::string(text);
}

void sort(Rules& rules) {
  std::ranges::sort(rules);
  rules.erase(std::unique(rules.begin(), rules.end()), rules.end());
}

Result<Rules> parse_rules(std::string_view extent, std::span<const TalkVerb> verbs,
                          Result<std::string> (*parse_what)(std::string_view)) {
  Rules rules;
  for (std::string_view piece : split(extent, '|')) {
    std::string_view rule = trimmed(piece);
    if (rule.empty()) return fail(ErrorCode::kInvalidArgument, "there is an empty rule");
    size_t end = rule.find_first_of(" \t");
    TalkVerb verb = BERTH_TRY(parse_verb(rule.substr(0, end), verbs));
    std::string_view what = end == std::string_view::npos ? "" : trimmed(rule.substr(end));
    if (what.empty()) return invalid(rule, "says nothing that it applies to");
    auto said = BERTH_TRY(parse_what(what));
    rules.push_back({.verb = verb, .what = std::move(said)});
  }
  sort(rules);
  return rules;
}

std::string rules_text(const Rules& rules) {
  std::string text;
  for (const TalkRule& rule : rules) {
    if (!text.empty()) text += " | ";
    text += verb_name(rule.verb);
    text += " " + rule.what;
  }
  return text;
}

bool rules_lie_in(const Rules& outer, const Rules& inner, Lies lies) {
  return std::ranges::all_of(inner, [&](const TalkRule& rule) {
    return std::ranges::any_of(
        outer, [&](const TalkRule& wider) { return wider.verb == rule.verb && lies(wider.what, rule.what); });
  });
}

/// The subjects of both, which always are one pattern.
std::optional<std::string> common_subject(std::string_view left, std::string_view right) {
  auto a = split(left, '.');
  auto b = split(right, '.');
  std::string both;
  for (size_t i = 0; i < a.size() || i < b.size(); ++i) {
    if (i >= a.size() || i >= b.size()) return std::nullopt;
    if (i > 0) both += '.';
    if (a[i] == ">" || b[i] == ">") {
      std::string_view rest = a[i] == ">" ? right : left;
      for (size_t skip = 0; skip < i; ++skip) rest.remove_prefix(rest.find('.') + 1);
      return both.append(rest);
    }
    if (a[i] != b[i] && a[i] != "*" && b[i] != "*") return std::nullopt;
    both += a[i] == "*" ? b[i] : a[i];
  }
  return both;
}

std::optional<std::string> common_protocol(std::string_view left, std::string_view right) {
  if (name_lies_in(right, left)) return std::string(left);
  if (name_lies_in(left, right)) return std::string(right);
  return std::nullopt;
}

Rules common_rules(const Rules& asked, const Rules& owner,
                   std::optional<std::string> (*common)(std::string_view, std::string_view), Lies lies) {
  Rules found;
  for (const TalkRule& left : asked) {
    for (const TalkRule& right : owner) {
      if (left.verb != right.verb) continue;
      if (auto what = common(left.what, right.what))
        found.push_back({.verb = left.verb, .what = std::move(*what)});
    }
  }
  sort(found);
  Rules widest;
  for (const TalkRule& rule : found) {
    bool covered = std::ranges::any_of(found, [&](const TalkRule& other) {
      return other != rule && other.verb == rule.verb && lies(other.what, rule.what);
    });
    if (!covered) widest.push_back(rule);
  }
  return widest;
}

template <class T>
std::optional<T> unless_empty(Rules rules) {
  if (rules.empty()) return std::nullopt;
  return T{.rules = std::move(rules)};
}

}  // namespace

std::string_view verb_name(TalkVerb verb) {
  return kVerbNames.at(static_cast<size_t>(verb));
}

bool subject_lies_in(std::string_view outer, std::string_view inner) {
  auto wide = split(outer, '.');
  auto words = split(inner, '.');
  for (size_t i = 0; i < wide.size(); ++i) {
    if (i >= words.size()) return false;
    if (wide[i] == ">") return true;
    if (words[i] == ">" || (wide[i] != "*" && wide[i] != words[i])) return false;
  }
  return wide.size() == words.size();
}

Result<MessagingGrant> parse_messaging(std::string_view extent) {
  return MessagingGrant{.rules = BERTH_TRY(parse_rules(extent, kMessagingVerbs, parse_subject))};
}

std::string extent_text(const MessagingGrant& grant) {
  return rules_text(grant.rules);
}

bool contains(const MessagingGrant& outer, const MessagingGrant& inner) {
  return rules_lie_in(outer.rules, inner.rules, subject_lies_in);
}

std::optional<MessagingGrant> narrow(const MessagingGrant& asked, const MessagingGrant& owner) {
  return unless_empty<MessagingGrant>(
      common_rules(asked.rules, owner.rules, common_subject, subject_lies_in));
}

Result<P2pGrant> parse_p2p(std::string_view extent) {
  return P2pGrant{.rules = BERTH_TRY(parse_rules(extent, kP2pVerbs, parse_protocol))};
}

std::string extent_text(const P2pGrant& grant) {
  return rules_text(grant.rules);
}

bool contains(const P2pGrant& outer, const P2pGrant& inner) {
  return rules_lie_in(outer.rules, inner.rules, name_lies_in);
}

std::optional<P2pGrant> narrow(const P2pGrant& asked, const P2pGrant& owner) {
  return unless_empty<P2pGrant>(common_rules(asked.rules, owner.rules, common_protocol, name_lies_in));
}

}  // namespace berth::policy
