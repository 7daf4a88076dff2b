// SPDX-License-Identifier: Apache-2.0
#include "policy/content.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/units.h"
#include "policy/invalid.h"
#include "policy/nearest.h"
#include "policy/smaller.h"
#include "policy/split.h"

namespace berth::policy {
namespace {

using enum ContentVerb;
using Rules = std::vector<ContentRule>;

constexpr std::array<std::string_view, 2> kVerbNames{"fetch", "publish"};
constexpr std::string_view kIpfs = "ipfs://";
constexpr std::string_view kIpns = "ipns://";
constexpr std::string_view kMax = "max=";
constexpr std::string_view kAny = "*";
constexpr size_t kLongestRoot = 512;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_root(std::string_view scheme, std::string_view root) {
  const std::string_view more = scheme == kIpns ? "-._" : "-_=";
  return !root.empty() && root.size() <= kLongestRoot && !root.starts_with('.') &&
         std::ranges::all_of(root, [&](char c) { return is_letter_or_digit(c) || more.contains(c); });
}

std::optional<unsigned> digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

struct Place {
  std::string_view scheme;
  std::string_view rest;  // the root, and the path behind it
};

Place place_of(std::string_view text) {
  if (text.starts_with(kIpfs)) return {.scheme = kIpfs, .rest = text.substr(kIpfs.size())};
  if (text.starts_with(kIpns)) return {.scheme = kIpns, .rest = text.substr(kIpns.size())};
  if (text.starts_with("/ipfs/")) return {.scheme = kIpfs, .rest = text.substr(6)};
  if (text.starts_with("/ipns/")) return {.scheme = kIpns, .rest = text.substr(6)};
  return {.scheme = kIpfs, .rest = text};
}

Result<std::string> read_what(std::string_view text) {
  const Place place = place_of(text);
  const size_t slash = place.rest.find('/');
  const std::string_view root = place.rest.substr(0, slash);
  if (root == kAny) {
    if (slash == std::string_view::npos) return std::string(place.scheme) + std::string(kAny);
    return invalid(text, "has a path behind '*', which is any root");
  }
  if (!is_root(place.scheme, root))
    return invalid(text, "is not content, write 'ipfs://CID', 'ipfs://CID/path' or 'ipns://NAME'");
  std::string what = std::string(place.scheme) + std::string(root);
  if (slash == std::string_view::npos) return what;
  for (std::string_view part : split(place.rest.substr(slash + 1), '/')) {
    if (part.empty()) continue;
    const std::string name = content_name_read(part);
    if (name == "." || name == ".." || name.contains('/') || name.contains('\0'))
      return invalid(text, "has a name in its path that is none");
    what += '/';
    what += content_name(name);
  }
  return what;
}

Result<ContentVerb> parse_verb(std::string_view text) {
  for (size_t i = 0; i < kVerbNames.size(); ++i) {
    if (kVerbNames.at(i) == text) return static_cast<ContentVerb>(i);
  }
  const std::vector<std::string_view> names(kVerbNames.begin(), kVerbNames.end());
  return invalid(text, fmt::format("is not a verb{}", did_you_mean(text, names)));
}

Result<void> check(const ContentRule& rule) {
  if (rule.verb == kFetch || rule.what.empty()) return {};
  if (!rule.what.starts_with(kIpns))
    return invalid(rule.what, "can't be published by a rule: write 'publish' alone, or 'publish ipns://KEY'");
  if (rule.what.find('/', kIpns.size()) != std::string::npos)
    return invalid(rule.what, "has a path, and it is the whole name that is published");
  if (rule.most_bytes)
    return fail(ErrorCode::kInvalidArgument, "a name has no size, 'max=' belongs to 'publish' alone");
  return {};
}

Result<ContentRule> parse_rule(std::string_view text) {
  std::vector<std::string_view> words;
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    words.push_back(text.substr(0, text.find_first_of(" \t")));
    text.remove_prefix(words.back().size());
  }
  if (words.empty()) return fail(ErrorCode::kInvalidArgument, "there is an empty rule");
  ContentRule rule{.verb = BERTH_TRY(parse_verb(words.front())), .most_bytes = std::nullopt};
  for (size_t i = 1; i < words.size(); ++i) {
    if (words[i].starts_with(kMax)) {
      if (rule.most_bytes) return invalid(words[i], "is a second bound");
      rule.most_bytes = BERTH_TRY(parse_bytes(words[i].substr(kMax.size())));
    } else if (!rule.what.empty()) {
      return invalid(words[i], "is a second place, write a rule for each with '|' between them");
    } else {
      rule.what = BERTH_TRY(read_what(words[i]));
    }
  }
  BERTH_TRY_VOID(check(rule));
  return rule;
}

void sort(Rules& rules) {
  std::ranges::sort(rules);
  rules.erase(std::unique(rules.begin(), rules.end()), rules.end());
}

bool what_lies_in(ContentVerb verb, std::string_view outer, std::string_view inner) {
  if (outer == inner) return true;
  if (outer.empty()) return verb == kFetch;
  if (outer.ends_with("://*")) return inner.starts_with(outer.substr(0, outer.size() - kAny.size()));
  return inner.size() > outer.size() && inner.starts_with(outer) && inner[outer.size()] == '/';
}

bool lies_in(const ContentRule& outer, const ContentRule& inner) {
  const bool bounded = !outer.most_bytes || (inner.most_bytes && *inner.most_bytes <= *outer.most_bytes);
  return outer.verb == inner.verb && bounded && what_lies_in(outer.verb, outer.what, inner.what);
}

std::optional<ContentRule> common(const ContentRule& left, const ContentRule& right) {
  if (left.verb != right.verb) return std::nullopt;
  const bool left_within = what_lies_in(left.verb, right.what, left.what);
  if (!left_within && !what_lies_in(left.verb, left.what, right.what)) return std::nullopt;
  return ContentRule{.verb = left.verb,
                     .what = left_within ? left.what : right.what,
                     .most_bytes = smaller(left.most_bytes, right.most_bytes)};
}

}  // namespace

std::string_view verb_name(ContentVerb verb) {
  return kVerbNames.at(static_cast<size_t>(verb));
}

std::string content_name(std::string_view name) {
  std::string text;
  for (char c : name) {
    if (is_letter_or_digit(c) || std::string_view("-._~!$&'()*+,;=:@").contains(c)) {
      text += c;
    } else {
      text += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return text;
}

std::string content_name_read(std::string_view text) {
  std::string name;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto high = text[i] == '%' && i + 2 < text.size() ? digit(text[i + 1]) : std::nullopt;
    const auto low = high ? digit(text[i + 2]) : std::nullopt;
    name += low ? static_cast<char>(*high * 16 + *low) : text[i];
    if (low) i += 2;
  }
  return name;
}

Result<std::string> content_target(std::string_view text) {
  auto what = BERTH_TRY(read_what(text));
  if (what.ends_with("://*")) return invalid(text, "is any content, name some");
  return what;
}

Result<ContentGrant> parse_content(std::string_view extent) {
  ContentGrant grant;
  for (std::string_view piece : split(extent, '|')) {
    auto rule = BERTH_TRY(parse_rule(trimmed(piece)));
    grant.rules.push_back(std::move(rule));
  }
  sort(grant.rules);
  return grant;
}

std::string extent_text(const ContentGrant& grant) {
  std::string text;
  for (const ContentRule& rule : grant.rules) {
    if (!text.empty()) text += " | ";
    text += verb_name(rule.verb);
    if (!rule.what.empty()) text += " " + rule.what;
    if (rule.most_bytes) text += " max=" + exact_bytes(*rule.most_bytes);
  }
  return text;
}

bool contains(const ContentGrant& outer, const ContentGrant& inner) {
  return std::ranges::all_of(inner.rules, [&](const ContentRule& rule) {
    return std::ranges::any_of(outer.rules, [&](const ContentRule& wider) { return lies_in(wider, rule); });
  });
}

std::optional<ContentGrant> narrow(const ContentGrant& asked, const ContentGrant& owner) {
  Rules found;
  for (const ContentRule& left : asked.rules) {
    for (const ContentRule& right : owner.rules) {
      if (auto both = common(left, right)) found.push_back(std::move(*both));
    }
  }
  sort(found);
  ContentGrant widest;
  for (const ContentRule& rule : found) {
    const bool covered = std::ranges::any_of(
        found, [&](const ContentRule& other) { return other != rule && lies_in(other, rule); });
    if (!covered) widest.rules.push_back(rule);
  }
  if (widest.rules.empty()) return std::nullopt;
  return widest;
}

const ContentRule* opening_rule(const ContentGrant& grant, ContentVerb verb, std::string_view what) {
  const ContentRule* best = nullptr;
  for (const ContentRule& rule : grant.rules) {
    if (rule.verb != verb || !what_lies_in(verb, rule.what, what)) continue;
    const bool wider =
        best == nullptr || (best->most_bytes && (!rule.most_bytes || *rule.most_bytes > *best->most_bytes));
    if (wider) best = &rule;
  }
  return best;
}

}  // namespace berth::policy
