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

std::vector<ActivityGrant> atoms_of(const ActivityGrant& extent) {
  std::vector<ActivityGrant> atoms;
  if (extent.info) atoms.push_back({.info = true});
  if (extent.error) atoms.push_back({.error = true});
  if (extent.job_completed) atoms.push_back({.job_completed = true});
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
  for (const auto& rule : extent.rules) atoms.push_back({.rules = {rule}});
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

bool join(ActivityGrant& extent, const ActivityGrant& more) {
  extent = {.info = extent.info || more.info,
            .error = extent.error || more.error,
            .job_completed = extent.job_completed || more.job_completed};
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
  Cut cut{.asked = asked, .party = owner.party, .source = owner.source};
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

/// What one party's bounds leave of what is open so far.
void apply(Effective& effective, const Bounds& bounds) {
  Policy& policy = effective.policy;
  const Limits before = policy.limits;
  policy.limits = minimum(before, bounds.limits);
  for (const LimitName& limit : limit_names()) {
    auto wanted = limit_text(before, limit.name);
    auto kept = limit_text(policy.limits, limit.name);
    if (!wanted || wanted == kept) continue;
    effective.lowered.push_back({.name = limit.name,
                                 .asked = *wanted,
                                 .kept = kept.value_or(""),
                                 .party = bounds.party,
                                 .source = bounds.source});
  }
  effective.limited_by.push_back({.limits = bounds.limits, .party = bounds.party, .source = bounds.source});
  if (!bounds.grants) return;
  std::vector<Grant> left;
  const size_t cuts = effective.cuts.size();
  for (const Grant& grant : policy.grants) {
    Cut cut = narrowed(grant, bounds);
    left.insert(left.end(), cut.kept.begin(), cut.kept.end());
    bool whole = cut.kept.size() == 1 && cut.kept.front() == grant;
    if (!whole) effective.cuts.push_back(std::move(cut));
  }
  std::swap(policy.grants, left);
  if (effective.cuts.size() == cuts) return;
  policy.narrowings.push_back({.before = std::move(left), .party = bounds.party, .source = bounds.source});
}

/// "the owner", "the claims of account 'shop' (AB…)".
std::string who(Party party, std::string_view source) {
  return party == Party::kClaims ? fmt::format("the claims of {}", source) : "the owner";
}

template <class Range>
std::string listed(const Range& grants) {
  std::vector<std::string> texts;
  for (const Grant& grant : grants) texts.push_back(fmt::format("'{}'", to_text(grant)));
  return fmt::format("{}", fmt::join(texts, ", "));
}

}  // namespace

std::string_view party_name(Party party) {
  switch (party) {
    case Party::kAsker:
      return "asked";
    case Party::kClaims:
      return "claims";
    case Party::kOwner:
      break;
  }
  return "owner";
}

Party party_named(std::string_view name) {
  for (const Party party : {Party::kClaims, Party::kOwner}) {
    if (party_name(party) == name) return party;
  }
  return Party::kAsker;
}

Effective intersect(const Policy& asked, const Bounds& owner) {
  return intersect(asked, {}, owner);
}

Effective intersect(const Policy& asked, std::span<const Bounds> claims, const Bounds& owner) {
  Effective effective{.policy = asked,
                      .dns_servers = owner.dns_servers,
                      .second_wall_required = owner.second_wall_required,
                      .host = owner.host,
                      .owner_source = owner.source};
  for (const Bounds& bounds : claims) apply(effective, bounds);
  apply(effective, owner);
  return effective;
}

std::string explain(const Cut& cut) {
  const bool claims = cut.party == Party::kClaims;
  std::string asked = fmt::format("'{}' ({})", to_text(cut.asked), cut.asked.source);
  if (cut.kept.empty()) {
    return claims ? fmt::format("dropped: {}: the claims of {} don't vouch for it", asked, cut.source)
                  : fmt::format("dropped: {}: no rule of the owner's allows it ({})", asked, cut.source);
  }
  std::vector<std::string> rules;
  for (const Grant& rule : cut.rules) {
    rules.push_back(claims ? fmt::format("'{}'", to_text(rule))
                           : fmt::format("'{}' ({})", to_text(rule), rule.source));
  }
  return fmt::format("narrowed: {} to {}: {} {} {}", asked, listed(cut.kept), who(cut.party, cut.source),
                     claims ? "vouch for" : "allows", fmt::join(rules, ", "));
}

std::string explain(const Lowered& lowered) {
  if (lowered.party == Party::kClaims) {
    return fmt::format("lowered: limit '{}' from {} to {}: the claims of {} vouch for no more", lowered.name,
                       lowered.asked, lowered.kept, lowered.source);
  }
  return fmt::format("lowered: limit '{}' from {} to {}: the owner allows no more ({})", lowered.name,
                     lowered.asked, lowered.kept, lowered.source);
}

}  // namespace berth::policy
