// SPDX-License-Identifier: Apache-2.0
#include "policy/decide.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "policy/decide_files.h"
#include "policy/decide_network.h"
#include "policy/printable.h"
#include "policy/verdict.h"

namespace berth::policy {
namespace {

using enum Capability;

/// Whether the target could change its meaning inside a grant: blanks there are trimmed.
bool has_blanks(std::string_view target) {
  return target.find_first_of(" \t") != std::string_view::npos;
}

/// For the doors whose grants are plain: the knock as the smallest grant that would allow it, and whether
/// some grant holds that one.
Verdict decide_by_grant(const Policy& policy, const Knock& knock, std::string_view extent) {
  auto wanted = parse_grant(fmt::format("{} {}", capability_name(knock.capability), extent), "");
  if (!wanted || has_blanks(knock.target)) {
    return denied(fmt::format("{} is nothing that a grant could open", quoted(knock.target)), "");
  }
  for (const Grant& grant : policy.grants) {
    if (contains(grant, *wanted)) return allowed_by(grant);
  }
  return denied(std::string(kNothingCovers), to_text(*wanted));
}

Verdict decide_store(const Policy& policy, const Knock& knock) {
  constexpr std::array<std::string_view, 6> kReads{"open", "read", "get", "list", "exists", "stat"};
  bool reads = std::ranges::find(kReads, knock.operation) != kReads.end();
  if (knock.target.contains('*') || knock.target.contains(':')) {
    return denied(fmt::format("{} is not the name of a store", quoted(knock.target)), "");
  }
  return decide_by_grant(policy, knock, fmt::format("{}:{}", knock.target, reads ? "ro" : "rw"));
}

Verdict decide_env(const Policy& policy, const Knock& knock) {
  const Grant* grant =
      find_grant<EnvGrant>(policy, [&](const EnvGrant& open) { return open.name == knock.target; });
  if (grant != nullptr) return allowed_by(*grant);
  auto wanted = parse_env(knock.target, Role::kAsker);
  bool is_name = wanted && wanted->name == knock.target;
  return denied(std::string(kNothingCovers), is_name ? "env " + knock.target : "");
}

Verdict decide_secret(const Policy& policy, const Knock& knock) {
  if (knock.target.contains('*'))
    return denied(fmt::format("{} is not the name of a secret", quoted(knock.target)), "");
  return decide_by_grant(policy, knock, knock.target);
}

/// A guest may subscribe to many subjects at once, and publish to one.
Verdict decide_talk(const Policy& policy, const Knock& knock) {
  bool many = knock.operation == "subscribe";
  if (knock.target.contains('|') || (!many && knock.target.find_first_of("*>") != std::string::npos)) {
    return denied(fmt::format("{} is not one subject or protocol", quoted(knock.target)), "");
  }
  return decide_by_grant(policy, knock, fmt::format("{} {}", knock.operation, knock.target));
}

/// What is published has no place before it is made, but for names.
Verdict decide_content(const Policy& policy, const Knock& knock) {
  const ContentVerb verb = knock.operation == "publish" ? ContentVerb::kPublish : ContentVerb::kFetch;
  std::string what;
  if (verb == ContentVerb::kFetch || knock.target.starts_with("ipns://")) {
    auto target = content_target(knock.target);
    if (!target) return denied(fmt::format("{} is no content", quoted(knock.target)), "");
    what = std::move(*target);
  }
  const Grant* grant = find_grant<ContentGrant>(
      policy, [&](const ContentGrant& open) { return opening_rule(open, verb, what) != nullptr; });
  if (grant != nullptr) return allowed_by(*grant);
  ContentGrant wanted;
  wanted.rules.push_back({.verb = verb, .what = std::move(what), .most_bytes = std::nullopt});
  return denied(std::string(kNothingCovers), grant_text(kContent, std::move(wanted)));
}

Verdict decide_asked(const Policy& policy, const Knock& knock) {
  switch (knock.capability) {
    case kFiles:
      return decide_files(policy, knock);
    case kEnv:
      return decide_env(policy, knock);
    case kStdio:
    case kActivity:
      return decide_by_grant(policy, knock, knock.target);
    case kHttpOut:
      return decide_http_out(policy, knock);
    case kHttpIn:
      return decide_http_in(policy, knock);
    case kSocketOut:
      return decide_socket_out(policy, knock);
    case kSocketIn:
      return decide_socket_in(policy, knock);
    case kDns:
      return decide_dns(policy, knock);
    case kKeyvalue:
    case kBlobstore:
      return decide_store(policy, knock);
    case kMessaging:
    case kP2p:
      return decide_talk(policy, knock);
    case kSecret:
      return decide_secret(policy, knock);
    case kContent:
      return decide_content(policy, knock);
  }
  return denied("berth has no such door", "");
}

/// What a signer would vouch for: of folders, any machine's.
std::string as_vouched(const std::string& suggestion) {
  auto grant = parse_grant(suggestion, "");
  auto* const files = grant ? std::get_if<FilesGrant>(&grant->extent) : nullptr;
  if (files == nullptr || !files->volume.empty() || !files->content.empty()) return suggestion;
  files->host_path = "*";
  return to_text(*grant);
}

/// Whose word a refusal is: the first of the parties without whose bounds it would have been allowed.
void name_party(const Policy& policy, Knock knock, Verdict& denied) {
  const bool by_grants =
      knock.reason == Reason::kAsk || knock.reason == Reason::kNoGrant || knock.reason == Reason::kReadOnly;
  if (!by_grants) return;
  knock.reason = Reason::kAsk;
  const Narrowing* denier = nullptr;
  for (const Narrowing& narrowing : policy.narrowings) {
    const Verdict before = decide_asked({.grants = narrowing.before, .limits = {}}, knock);
    if (before.decision == Decision::kDeny) break;
    denier = &narrowing;
  }
  if (denier == nullptr) return;
  denied.party = denier->party;
  denied.source = denier->source;
  if (denier->party == Party::kClaims) denied.suggestion = as_vouched(denied.suggestion);
  denied.rule = denier->party == Party::kClaims
                    ? fmt::format("it is asked for, and the claims of {} don't vouch for it", denier->source)
                    : fmt::format("it is asked for, and the owner of this machine doesn't allow it ({})",
                                  denier->source);
}

}  // namespace

std::string public_target(const Knock& knock) {
  std::string target = knock.target;
  if (knock.capability != kHttpOut) return target;
  target.resize(std::min(target.size(), target.find_first_of("?#")));
  size_t authority = target.find("://");
  authority = authority == std::string::npos ? 0 : authority + 3;
  size_t user = target.substr(0, target.find_first_of("/\\", authority)).rfind('@');
  if (user != std::string::npos && user >= authority) target.erase(authority, user + 1 - authority);
  return target;
}

Verdict decide(const Policy& policy, const Knock& knock) {
  Verdict verdict = decide_asked(policy, knock);
  if (verdict.decision == Decision::kDeny) name_party(policy, knock, verdict);
  bool stands = knock.reason == Reason::kAsk || verdict.decision == Decision::kDeny;
  if (stands) return verdict;
  if (knock.reason == Reason::kNoModule) {
    return denied(fmt::format("{} covers it, but no module of that name is served here: a 'berth serve' has "
                              "names for its own modules, and for no others",
                              verdict.rule),
                  "");
  }
  bool by_host = knock.reason == Reason::kHostRefused;
  return denied(fmt::format("{} covers it, but {} refused", verdict.rule,
                            by_host ? "the operating system" : "its door"),
                "");
}

std::string explain(const Knock& knock, const Verdict& verdict) {
  bool allowed = verdict.decision == Decision::kAllow;
  const std::string& action = knock.method.empty() ? knock.operation : knock.method;
  std::string line =
      fmt::format("{}: {} {} {}: {}", allowed ? "allowed" : "denied", capability_name(knock.capability),
                  printable(action), printable(public_target(knock)), verdict.rule);
  if (verdict.suggestion.empty()) return line;
  const std::string grant = shell_quoted(verdict.suggestion);
  switch (verdict.party) {
    case Party::kAsker:
      return line + fmt::format("; allow with --grant {}", grant);
    case Party::kClaims:
      return line + fmt::format("; whoever signs it vouches for it with --grant {}", grant);
    case Party::kOwner:
      return line + fmt::format("; the owner allows it with {}", grant);
  }
  return line;
}

std::string explain_refused(const Policy& policy, const Knock& knock) {
  Verdict verdict = decide(policy, knock);
  if (verdict.decision == Decision::kAllow) {
    verdict = {
        .decision = Decision::kDeny,
        .rule = fmt::format("{} covers it, but the program that runs the module denies it", verdict.rule),
        .suggestion = ""};
  }
  return explain(knock, verdict);
}

}  // namespace berth::policy
