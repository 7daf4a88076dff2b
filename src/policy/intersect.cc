// SPDX-License-Identifier: Apache-2.0
// What remains of an asked policy under an owner's bounds.
//
// An asked grant is taken apart into the smallest grants that it consists of (one stream, one method, one
// rule), each is narrowed by every owner's rule, and what remains is put together again. So a grant whose
// parts are allowed by several rules stays whole.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "policy/policy.h"

namespace berth::policy {
namespace {

template <class T>
std::vector<T> atoms_of(const T& extent) {
  return {extent};
}

std::vector<StdioGrant> atoms_of(const StdioGrant& extent) {
  std::vector<StdioGrant> atoms;
  if (extent.in) atoms.push_back({.in = true});
  if (extent.out) atoms.push_back({.out = true});
  if (extent.err) atoms.push_back({.err = true});
  return atoms;
}

std::vector<HttpOutGrant> atoms_of(const HttpOutGrant& extent) {
  std::vector<HttpOutGrant> atoms;
  for (const std::string& method : extent.methods) {
    atoms.push_back(extent);
    atoms.back().methods = {method};
  }
  if (atoms.empty()) atoms.push_back(extent);
  return atoms;
}

template <class T>
std::vector<T> rule_atoms(const T& extent) {
  std::vector<T> atoms;
  for (const TalkRule& rule : extent.rules) atoms.push_back({.rules = {rule}});
  return atoms;
}

std::vector<MessagingGrant> atoms_of(const MessagingGrant& extent) {
  return rule_atoms(extent);
}

std::vector<P2pGrant> atoms_of(const P2pGrant& extent) {
  return rule_atoms(extent);
}

std::vector<ContentGrant> atoms_of(const ContentGrant& extent) {
  return rule_atoms(extent);
}

std::vector<Grant> atoms(const Grant& grant) {
  return std::visit(
      [&](const auto& extent) {
        std::vector<Grant> parts;
        for (auto& part : atoms_of(extent)) {
          parts.push_back(
              {.capability = grant.capability, .extent = std::move(part), .source = grant.source});
        }
        return parts;
      },
      grant.extent);
}

/// Takes `more` into `extent` where one grant can say both exactly.
template <class T>
bool join(T&, const T&) {
  return false;
}

bool join(StdioGrant& extent, const StdioGrant& more) {
  extent = {.in = extent.in || more.in, .out = extent.out || more.out, .err = extent.err || more.err};
  return true;
}

bool join(HttpOutGrant& extent, const HttpOutGrant& more) {
  HttpOutGrant same = more;
  same.methods = extent.methods;
  if (same != extent || extent.methods.empty() || more.methods.empty()) return false;
  extent.methods.insert(extent.methods.end(), more.methods.begin(), more.methods.end());
  std::ranges::sort(extent.methods);
  extent.methods.erase(std::unique(extent.methods.begin(), extent.methods.end()), extent.methods.end());
  return true;
}

template <class T>
bool join_rules(T& extent, const T& more) {
  extent.rules.insert(extent.rules.end(), more.rules.begin(), more.rules.end());
  std::ranges::sort(extent.rules);
  extent.rules.erase(std::unique(extent.rules.begin(), extent.rules.end()), extent.rules.end());
  return true;
}

bool join(MessagingGrant& extent, const MessagingGrant& more) {
  return join_rules(extent, more);
}

bool join(P2pGrant& extent, const P2pGrant& more) {
  return join_rules(extent, more);
}

bool join(ContentGrant& extent, const ContentGrant& more) {
  return join_rules(extent, more);
}

bool join(Grant& grant, const Grant& more) {
  return std::visit(
      [&](auto& extent) {
        const auto* other = std::get_if<std::remove_cvref_t<decltype(extent)>>(&more.extent);
        return other != nullptr && join(extent, *other);
      },
      grant.extent);
}

void add_joined(std::vector<Grant>& grants, const Grant& part) {
  for (Grant& grant : grants) {
    if (join(grant, part)) return;
  }
  grants.push_back(part);
}

/// Without those that another one holds; of equals the first stays.
std::vector<Grant> widest(const std::vector<Grant>& parts) {
  std::vector<Grant> kept;
  for (size_t i = 0; i < parts.size(); ++i) {
    bool covered = false;
    for (size_t j = 0; j < parts.size() && !covered; ++j) {
      covered = j != i && contains(parts[j], parts[i]) && (j < i || !contains(parts[i], parts[j]));
    }
    if (!covered) kept.push_back(parts[i]);
  }
  return kept;
}

/// What the rules leave of one grant; a cut that lost nothing keeps exactly what was asked.
Cut narrowed(const Grant& asked, const Bounds& owner) {
  Cut cut{.asked = asked, .owner_source = owner.source};
  std::vector<Grant> parts;
  bool whole = true;
  for (const Grant& atom : atoms(asked)) {
    bool atom_whole = false;
    for (const Grant& rule : *owner.grants) {
      auto part = narrow(atom, rule);
      if (!part) continue;
      atom_whole = atom_whole || part->extent == atom.extent;
      parts.push_back(std::move(*part));
      bool known = std::ranges::find(cut.rules, rule) != cut.rules.end();
      if (!known) cut.rules.push_back(rule);
    }
    whole = whole && atom_whole;
  }
  if (whole) {
    cut.kept.push_back(asked);
  } else {
    for (const Grant& part : widest(parts)) add_joined(cut.kept, part);
  }
  return cut;
}

template <class Range>
std::string listed(const Range& grants) {
  std::vector<std::string> texts;
  for (const Grant& grant : grants) texts.push_back(fmt::format("'{}'", to_text(grant)));
  return fmt::format("{}", fmt::join(texts, ", "));
}

}  // namespace

Effective intersect(const Policy& asked, const Bounds& owner) {
  Effective effective{.policy = {.limits = minimum(asked.limits, owner.limits)},
                      .owner_limits = owner.limits,
                      .dns_servers = owner.dns_servers,
                      .second_wall_required = owner.second_wall_required,
                      .host = owner.host,
                      .owner_source = owner.source};
  for (const LimitName& limit : limit_names()) {
    auto wanted = limit_text(asked.limits, limit.name);
    auto kept = limit_text(effective.policy.limits, limit.name);
    if (!wanted || wanted == kept) continue;
    effective.lowered.push_back(
        {.name = limit.name, .asked = *wanted, .kept = kept.value_or(""), .owner_source = owner.source});
  }
  if (!owner.grants) {
    effective.policy.grants = asked.grants;
    return effective;
  }
  for (const Grant& grant : asked.grants) {
    Cut cut = narrowed(grant, owner);
    effective.policy.grants.insert(effective.policy.grants.end(), cut.kept.begin(), cut.kept.end());
    bool whole = cut.kept.size() == 1 && cut.kept.front() == grant;
    if (!whole) effective.cuts.push_back(std::move(cut));
  }
  return effective;
}

std::string explain(const Cut& cut) {
  std::string asked = fmt::format("'{}' ({})", to_text(cut.asked), cut.asked.source);
  if (cut.kept.empty()) {
    return fmt::format("dropped: {}: no rule of the owner's allows it ({})", asked, cut.owner_source);
  }
  std::vector<std::string> rules;
  for (const Grant& rule : cut.rules) rules.push_back(fmt::format("'{}' ({})", to_text(rule), rule.source));
  return fmt::format("narrowed: {} to {}: the owner allows {}", asked, listed(cut.kept),
                     fmt::join(rules, ", "));
}

std::string explain(const Lowered& lowered) {
  return fmt::format("lowered: limit '{}' from {} to {}: the owner allows no more ({})", lowered.name,
                     lowered.asked, lowered.kept, lowered.owner_source);
}

}  // namespace berth::policy
