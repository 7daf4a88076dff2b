// SPDX-License-Identifier: Apache-2.0
#include "host/learn.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>

namespace berth::host {
namespace {

namespace fs = std::filesystem;
using policy::Capability;
using policy::FilesGrant;
using policy::Grant;
using policy::Knock;
using policy::Reason;

constexpr size_t kMostUses = 4000;

const FilesGrant* files_of(const Grant& grant) {
  return std::get_if<FilesGrant>(&grant.extent);
}

bool exists(const std::string& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

bool is_folder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

std::string below(const std::string& folder, std::string_view rest) {
  const bool slash = folder.ends_with('/') || rest.empty() || rest.starts_with('/');
  if (folder == "/" && rest.starts_with('/')) return std::string(rest);
  return fmt::format("{}{}{}", folder, slash ? "" : "/", rest);
}

/// Where a guest's path lies on this machine, as the grant shows it.
std::string mapped(const FilesGrant& files, std::string_view path) {
  std::string_view rest = path;
  if (files.guest_path != "/" && files.guest_path != "*") rest.remove_prefix(files.guest_path.size());
  return rest == "/" ? files.host_path : below(files.host_path, rest);
}

/// Whether a grant can't be opened in parts when something is written: there is one quota for all of it.
bool is_whole(const FilesGrant& files, bool writes) {
  return !files.volume.empty() || !files.content.empty() ||
         (writes && (files.quota_bytes || files.quota_files));
}

/// The whole of a given grant, to read where that is enough.
Grant whole_of(Grant grant, bool writes) {
  auto& files = std::get<FilesGrant>(grant.extent);
  if (!writes) {
    files.access = policy::Access::kReadOnly;
    files.quota_bytes.reset();
    files.quota_files.reset();
  }
  grant.source = "learned";
  return grant;
}

bool lies_in_all(const std::vector<Grant>& lines, const std::vector<Grant>& rules) {
  const policy::Bounds bounds{.grants = rules, .limits = {}, .source = {}};
  return policy::intersect({.grants = lines, .limits = {}}, bounds).cuts.empty();
}

/// The same, storing no more than the rules allow, where that alone keeps it out of them.
Grant bounded_by(const std::vector<Grant>& rules, const Grant& grant) {
  if (lies_in_all({grant}, rules)) return grant;
  for (const Grant& rule : rules) {
    auto part = policy::narrow(grant, rule);
    if (part && files_of(*part)->access == files_of(grant)->access) return std::move(*part);
  }
  return grant;
}

std::vector<Grant> those_not_in(const std::vector<Grant>& grants, const std::vector<Grant>& others) {
  std::vector<Grant> rest;
  std::ranges::copy_if(grants, std::back_inserter(rest), [&](const Grant& grant) {
    return std::ranges::none_of(others, [&](const Grant& other) { return other.extent == grant.extent; });
  });
  return rest;
}

std::string text_of(const std::vector<Grant>& lines) {
  std::string text;
  for (const Grant& line : lines) text += policy::to_text(line) + "\n";
  return text;
}

bool is_look(const Knock& knock) {
  return knock.capability == Capability::kFiles && policy::only_reads(knock.operation);
}

/// Whether opening the line makes paths invisible that it doesn't have: the guest's `/` is that folder then.
bool takes_root(const Proposal& proposal) {
  return std::ranges::any_of(proposal.lines, [](const Grant& line) {
    const FilesGrant* files = files_of(line);
    return files != nullptr && files->guest_path == "/";
  });
}

/// The host that a line of the network leads to; nothing for others.
std::optional<policy::HostPattern> host_of(const Grant& grant) {
  if (const auto* http = std::get_if<policy::HttpOutGrant>(&grant.extent)) return http->endpoint.host;
  if (const auto* socket = std::get_if<policy::SocketOutGrant>(&grant.extent)) return socket->endpoint.host;
  return std::nullopt;
}

bool one_line(const Grant& left, const Grant& right) {
  if (left.capability != right.capability) return false;
  if (const FilesGrant* files = files_of(left)) return files->guest_path == files_of(right)->guest_path;
  const auto host = host_of(left);
  return host && host == host_of(right);
}

}  // namespace

std::vector<Learner::Meaning> Learner::meanings(const Knock& knock, const std::string& path) const {
  // The longest grant first, and of equal ones the first.
  const bool writes = !policy::only_reads(knock.operation);
  std::multimap<size_t, Meaning, std::greater<>> places;
  for (const std::vector<Grant>* grants : {&open_, &scope_.given}) {
    for (const Grant& grant : *grants) {
      const FilesGrant* files = files_of(grant);
      if (files == nullptr || !policy::path_lies_in(files->guest_path, path)) continue;
      Meaning meaning{.host_path = files->content.empty() ? mapped(*files, path) : ""};
      const bool as_given = grants == &scope_.given && is_whole(*files, writes);
      if (as_given) meaning.whole = whole_of(grant, writes);
      // What is open of it was given too, and is met again there.
      if (as_given || !is_whole(*files, writes)) places.emplace(files->guest_path.size(), std::move(meaning));
    }
  }
  places.emplace(0, Meaning{.host_path = path});
  places.emplace(0, Meaning{.host_path = below(scope_.folder, path)});
  std::vector<Meaning> meanings;
  for (auto& [length, meaning] : places) {
    const std::string& host_path = meaning.host_path;
    // Content is there, or the guest hears from its door that it isn't.
    const bool there =
        host_path.empty() || exists(host_path) || (writes && is_folder(policy::folder_above(host_path)));
    if (!there) continue;
    meaning.is_folder = is_folder(host_path);
    meanings.push_back(std::move(meaning));
  }
  return meanings;
}

std::optional<Grant> Learner::files_grant(const Knock& knock, const std::string& path,
                                          const Meaning& meaning) const {
  if (meaning.whole) return meaning.whole;
  const std::string guest = policy::folder_to_open(knock, path, meaning.is_folder);
  std::string host = meaning.host_path;
  if (guest != path || path == "/") host = path == "/" ? host : policy::folder_above(host);
  std::error_code error;
  host = fs::canonical(host, error).string();
  if (error) return std::nullopt;
  const auto access =
      policy::only_reads(knock.operation) ? policy::Access::kReadOnly : policy::Access::kReadWrite;
  Grant grant{.capability = Capability::kFiles,
              .extent = FilesGrant{.host_path = host, .guest_path = guest, .access = access},
              .source = "learned"};
  if (policy::path_lies_in(scope_.volumes, host)) return std::nullopt;
  if (scope_.owner.grants) grant = bounded_by(*scope_.owner.grants, grant);
  if (scope_.within && !lies_in_all({grant}, scope_.given)) grant = bounded_by(*scope_.within, grant);
  // The whole machine only where somebody gave it.
  if (host == "/" && !lies_in_all({grant}, scope_.given)) return std::nullopt;
  for (const Grant& open : open_) {
    const FilesGrant* files = files_of(open);
    if (files != nullptr && files->guest_path == guest && files->host_path != host) return std::nullopt;
  }
  if (!policy::parse_grant(policy::to_text(grant), "")) return std::nullopt;
  return grant;
}

/// The one folder for a link or a rename from one grant into another. Which one it came from isn't told: the
/// nearest that is written to.
std::optional<Grant> Learner::both_folders(const Knock& knock) const {
  const auto path = policy::resolved_path(knock.target);
  if (!path) return std::nullopt;
  const Grant* into = nullptr;
  for (const Grant& grant : open_) {
    const FilesGrant* files = files_of(grant);
    if (files == nullptr || !policy::path_lies_in(files->guest_path, *path)) continue;
    if (into == nullptr || files->guest_path.size() > files_of(*into)->guest_path.size()) into = &grant;
  }
  std::optional<Grant> nearest;
  for (const Grant& grant : open_) {
    const FilesGrant* files = files_of(grant);
    const bool candidate =
        into != nullptr && files != nullptr && &grant != into && files->access == policy::Access::kReadWrite;
    if (!candidate) continue;
    auto both = policy::folder_of_both(*into, grant);
    const bool nearer =
        both && (!nearest || files_of(*both)->guest_path.size() > files_of(*nearest)->guest_path.size());
    if (nearer) nearest = std::move(both);
  }
  return nearest;
}

std::vector<std::vector<Grant>> Learner::choices(const Knock& knock) const {
  std::vector<std::vector<Grant>> choices;
  if (knock.capability != Capability::kFiles) {
    if (auto grants = policy::exact_grants(knock); !grants.empty()) choices.push_back(std::move(grants));
    return choices;
  }
  if (knock.reason == Reason::kCrossGrant) {
    if (auto both = both_folders(knock)) choices.push_back({std::move(*both)});
    return choices;
  }
  const auto path = policy::resolved_path(knock.target);
  if (!path) return choices;
  for (const Meaning& meaning : meanings(knock, *path)) {
    if (auto grant = files_grant(knock, *path, meaning)) choices.push_back({std::move(*grant)});
  }
  return choices;
}

Standing Learner::standing_of(const std::vector<Grant>& lines) const {
  if (!policy::intersect({.grants = lines, .limits = {}}, scope_.owner).cuts.empty())
    return Standing::kForbidden;
  if (lies_in_all(lines, scope_.given)) return Standing::kGiven;
  if (scope_.within && lies_in_all(lines, *scope_.within)) return Standing::kWithin;
  // Part of it may be given, and the rest lie within.
  if (scope_.within) {
    std::vector<Grant> both = *scope_.within;
    both.insert(both.end(), scope_.given.begin(), scope_.given.end());
    if (lies_in_all(lines, both)) return Standing::kWithin;
  }
  return Standing::kToAsk;
}

Proposal Learner::proposal_of(const Knock& knock, const std::vector<Grant>& wanted, size_t most_paths) const {
  std::vector<Grant> all = open_;
  all.insert(all.end(), wanted.begin(), wanted.end());
  std::vector<Knock> uses = uses_;
  uses.push_back(knock);
  const std::vector<Grant> next = policy::minimal(std::move(all), uses, most_paths);
  Proposal proposal{.use = knock,
                    .lines = those_not_in(next, open_),
                    .replaced = those_not_in(open_, next),
                    .wider = {},
                    .standing = Standing::kToAsk};
  proposal.standing = standing_of(proposal.lines);
  std::vector<std::string> wider;
  for (const Grant& line : proposal.lines) {
    if (std::string text = policy::widening_of(line); !text.empty()) wider.push_back(std::move(text));
  }
  proposal.wider = fmt::format("{}", fmt::join(wider, "; "));
  return proposal;
}

std::optional<Proposal> Learner::propose(const Knock& knock) const {
  std::optional<Proposal> best;
  for (const std::vector<Grant>& wanted : choices(knock)) {
    for (const size_t most_paths : {policy::kMostExactPaths, policy::kNeverWiden}) {
      Proposal proposal = proposal_of(knock, wanted, most_paths);
      if (proposal.lines.empty() || refused_.contains(text_of(proposal.lines))) continue;
      if (!best || proposal.standing < best->standing) best = std::move(proposal);
    }
  }
  return best;
}

bool Learner::is_probe(const Knock& knock) const {
  if (!is_look(knock) || knock.reason != Reason::kNoGrant) return false;
  const auto path = policy::resolved_path(knock.target);
  return path && meanings(knock, *path).empty();
}

Sorted Learner::sort(const std::vector<Knock>& knocks) const {
  Sorted sorted;
  std::vector<Knock> real;
  for (const Knock& knock : knocks) {
    if (is_probe(knock)) {
      ++sorted.probes;
    } else {
      real.push_back(knock);
    }
  }
  const auto leads_to_others = [&](const Knock& knock) {
    const auto path = is_look(knock) ? policy::resolved_path(knock.target) : std::nullopt;
    if (!path) return false;
    const auto is_below = [&](const std::string& other) {
      return other != *path && policy::path_lies_in(*path, other);
    };
    return std::ranges::any_of(real,
                               [&](const Knock& other) {
                                 const auto place = other.capability == Capability::kFiles
                                                        ? policy::resolved_path(other.target)
                                                        : std::nullopt;
                                 return place && is_below(*place);
                               }) ||
           std::ranges::any_of(open_, [&](const Grant& open) {
             const FilesGrant* files = files_of(open);
             return files != nullptr && is_below(files->guest_path);
           });
  };
  std::vector<Proposal> roots;                                 // after all others
  std::multimap<size_t, Proposal, std::greater<>> on_the_way;  // the deepest first
  for (const Knock& knock : real) {
    auto proposal = propose(knock);
    if (!proposal) {
      const auto offered = choices(knock);
      const bool answered = std::ranges::any_of(offered, [&](const std::vector<Grant>& wanted) {
        const Proposal same = proposal_of(knock, wanted, policy::kMostExactPaths);
        return refused_.contains(text_of(same.lines));
      });
      if (answered) continue;
      const policy::Verdict verdict = policy::decide({.grants = open_, .limits = {}}, knock);
      sorted.shut.push_back({.use = knock, .why = verdict.rule});
      continue;
    }
    if (leads_to_others(knock)) {
      proposal->wider += "; perhaps it was only to see that the folder is there";
      const size_t depth = proposal->use.target.size();
      on_the_way.emplace(depth, std::move(*proposal));
    } else {
      (takes_root(*proposal) ? roots : sorted.proposals).push_back(std::move(*proposal));
    }
  }
  std::ranges::move(roots, std::back_inserter(sorted.proposals));
  for (auto& [depth, proposal] : on_the_way) sorted.on_the_way.push_back(std::move(proposal));
  return sorted;
}

std::optional<Proposal> Learner::again(const Proposal& proposal) const {
  return propose(proposal.use);
}

void Learner::open(const Proposal& proposal) {
  if (uses_.size() < kMostUses && std::ranges::find(uses_, proposal.use) == uses_.end()) {
    uses_.push_back(proposal.use);
  }
  if (proposal.lines.empty()) return;
  open_ = those_not_in(open_, proposal.replaced);
  open_.insert(open_.end(), proposal.lines.begin(), proposal.lines.end());
}

void Learner::refuse(const Proposal& proposal) {
  refused_.insert(text_of(proposal.lines));
}

bool Learner::one_line(const Proposal& left, const Proposal& right) {
  return std::ranges::all_of(right.lines, [&](const Grant& line) {
    return std::ranges::any_of(left.lines, [&](const Grant& other) { return host::one_line(other, line); });
  });
}

}  // namespace berth::host
