// SPDX-License-Identifier: Apache-2.0
#include "policy/minimal.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "policy/printable.h"
#include "policy/split.h"

namespace berth::policy {
namespace {

constexpr size_t kUsesNamed = 3;

bool allows_all(const std::vector<Grant>& grants, std::span<const Knock> uses) {
  return std::ranges::all_of(uses, [&](const Knock& use) { return allows(grants, use); });
}

/// Two grants can't give a guest the same folder. The one that may be written to says how much may be stored.
bool join_files(FilesGrant& files, const FilesGrant& other) {
  const bool same = files.volume == other.volume && files.content == other.content &&
                    files.host_path == other.host_path && files.guest_path == other.guest_path;
  const bool both_write = files.access == Access::kReadWrite && other.access == Access::kReadWrite;
  const bool same_quota = files.quota_bytes == other.quota_bytes && files.quota_files == other.quota_files;
  if (!same || (both_write && !same_quota)) return false;
  if (other.access > files.access) files = other;
  return true;
}

/// Takes `more` into `grant` where one grant says both and nothing else.
bool join(Grant& grant, const Grant& more) {
  if (auto* files = std::get_if<FilesGrant>(&grant.extent)) {
    const auto* other = std::get_if<FilesGrant>(&more.extent);
    return other != nullptr && join_files(*files, *other);
  }
  if (auto* activity = std::get_if<ActivityGrant>(&grant.extent)) {
    const auto* told = std::get_if<ActivityGrant>(&more.extent);
    if (told == nullptr) return false;
    *activity = {.info = activity->info || told->info,
                 .error = activity->error || told->error,
                 .job_completed = activity->job_completed || told->job_completed};
    return true;
  }
  auto* http = std::get_if<HttpOutGrant>(&grant.extent);
  const auto* other = std::get_if<HttpOutGrant>(&more.extent);
  if (http == nullptr || other == nullptr || http->methods.empty() || other->methods.empty()) return false;
  HttpOutGrant same = *other;
  same.methods = http->methods;
  if (same != *http) return false;
  http->methods.insert(http->methods.end(), other->methods.begin(), other->methods.end());
  std::ranges::sort(http->methods);
  http->methods.erase(std::unique(http->methods.begin(), http->methods.end()), http->methods.end());
  return true;
}

std::vector<Grant> joined(const std::vector<Grant>& grants) {
  std::vector<Grant> kept;
  for (const Grant& grant : grants) {
    const bool taken = std::ranges::any_of(kept, [&](Grant& into) { return join(into, grant); });
    if (!taken) kept.push_back(grant);
  }
  return kept;
}

bool same_origin(const HttpOutGrant& left, const HttpOutGrant& right) {
  return left.scheme == right.scheme && left.endpoint == right.endpoint && left.methods == right.methods;
}

/// The longest common beginning that ends in a slash.
std::string common_folder(std::string_view left, std::string_view right) {
  const auto end = std::ranges::mismatch(left, right).in1;
  const std::string_view both(left.begin(), end);
  return std::string(both.substr(0, both.rfind('/') + 1));
}

/// Of each origin with more than `most` exact paths, their common folder.
std::vector<Grant> widened(const std::vector<Grant>& grants, size_t most) {
  std::vector<Grant> kept;
  for (const Grant& grant : grants) {
    const auto* http = std::get_if<HttpOutGrant>(&grant.extent);
    if (http == nullptr || http->path_match == PathMatch::kPrefix) {
      kept.push_back(grant);
      continue;
    }
    std::vector<const HttpOutGrant*> alike;
    for (const Grant& candidate : grants) {
      const auto* other = std::get_if<HttpOutGrant>(&candidate.extent);
      const bool is_alike =
          other != nullptr && other->path_match == PathMatch::kExact && same_origin(*http, *other);
      if (is_alike) alike.push_back(other);
    }
    Grant wide = grant;
    if (alike.size() > most) {
      auto& extent = std::get<HttpOutGrant>(wide.extent);
      for (const HttpOutGrant* other : alike) extent.path = common_folder(extent.path, other->path);
      extent.path_match = PathMatch::kPrefix;
    }
    if (std::ranges::find(kept, wide) == kept.end()) kept.push_back(std::move(wide));
  }
  return kept;
}

std::vector<Grant> without(const std::vector<Grant>& grants, size_t index) {
  std::vector<Grant> rest = grants;
  rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(index));
  return rest;
}

/// Without those that another one holds; of equals the first stays.
std::vector<Grant> uncontained(const std::vector<Grant>& grants) {
  std::vector<Grant> kept;
  for (size_t i = 0; i < grants.size(); ++i) {
    bool held = false;
    for (size_t j = 0; j < grants.size() && !held; ++j) {
      held = j != i && contains(grants[j], grants[i]) && (j < i || !contains(grants[i], grants[j]));
    }
    if (!held) kept.push_back(grants[i]);
  }
  return kept;
}

std::string comment(std::string_view text) {
  return fmt::format("# {}\n", printable(text, 1000));
}

std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

/// The uses that this one of the grants decides.
std::vector<std::string> uses_of(const Grant& grant, const Policy& policy, std::span<const Knock> uses) {
  const std::string cited = fmt::format("'{}' ", to_text(grant));
  std::vector<std::string> texts;
  for (const Knock& use : uses) {
    Knock asked = use;
    asked.reason = Reason::kAsk;
    const Verdict verdict = decide(policy, asked);
    if (verdict.decision != Decision::kAllow || !verdict.rule.starts_with(cited)) continue;
    std::string text = use_text(use);
    if (std::ranges::find(texts, text) == texts.end()) texts.push_back(std::move(text));
  }
  return texts;
}

std::string grant_lines(const Grant& grant, const Policy& policy, std::span<const Knock> uses) {
  const std::vector<std::string> asked = uses_of(grant, policy, uses);
  const auto named = std::span(asked).first(std::min(asked.size(), kUsesNamed));
  std::string lines;
  if (!named.empty()) {
    const size_t more = asked.size() - named.size();
    lines += "  " + comment(fmt::format("asked for by: {}{}", fmt::join(named, ", "),
                                        more > 0 ? fmt::format(", and {} more", more) : ""));
  }
  if (const std::string wider = widening_of(grant); !wider.empty()) lines += "  " + comment(wider);
  return lines + fmt::format("  {},\n", toml_string(to_text(grant)));
}

/// The components of a path below "/".
std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts = split(path, '/');
  std::erase_if(parts, [](std::string_view part) { return part.empty(); });
  return parts;
}

std::string path_of(std::span<const std::string_view> parts) {
  std::string path;
  for (const std::string_view part : parts) (path += '/') += part;
  return path.empty() ? "/" : path;
}

/// The folder that lies `levels` above `path`; nothing above "/".
std::optional<std::string> above(std::string_view path, size_t levels) {
  const auto parts = parts_of(path);
  if (parts.size() < levels) return std::nullopt;
  return path_of(std::span(parts).first(parts.size() - levels));
}

}  // namespace

std::vector<Grant> minimal(std::vector<Grant> grants, std::span<const Knock> uses, size_t most_paths) {
  // First those inside others: a folder to read would shadow the one to write that it lies in.
  grants = uncontained(widened(joined(grants), most_paths));
  std::vector<Knock> met;
  for (const Knock& use : uses) {
    if (allows(grants, use)) met.push_back(use);
  }
  // Once more after each that went: with fewer folders inside each other, other ones may be needed less.
  for (bool dropped = true; dropped;) {
    dropped = false;
    for (size_t i = grants.size(); i-- > 0;) {
      auto rest = without(grants, i);
      if (!allows_all(rest, met)) continue;
      grants = std::move(rest);
      dropped = true;
    }
  }
  return grants;
}

std::optional<Grant> folder_of_both(const Grant& one, const Grant& other) {
  const auto* left = std::get_if<FilesGrant>(&one.extent);
  const auto* right = std::get_if<FilesGrant>(&other.extent);
  if (left == nullptr || right == nullptr) return std::nullopt;
  // A volume lies in no folder, and of two quotas one folder has none.
  const auto stands_alone = [](const FilesGrant& files) {
    return !files.volume.empty() || !files.content.empty() || files.quota_bytes || files.quota_files;
  };
  if (stands_alone(*left) || stands_alone(*right)) return std::nullopt;
  const auto left_parts = parts_of(left->guest_path);
  const auto right_parts = parts_of(right->guest_path);
  const auto end = std::ranges::mismatch(left_parts, right_parts).in1;
  const auto shared = static_cast<size_t>(end - left_parts.begin());
  if (shared == 0) return std::nullopt;
  const auto left_host = above(left->host_path, left_parts.size() - shared);
  const auto right_host = above(right->host_path, right_parts.size() - shared);
  if (!left_host || left_host != right_host || *left_host == "/") return std::nullopt;
  Grant both = one;
  both.extent = FilesGrant{.host_path = *left_host,
                           .guest_path = path_of(std::span(left_parts).first(shared)),
                           .access = std::max(left->access, right->access)};
  return both;
}

std::string use_text(const Knock& use) {
  if (use.capability == Capability::kHttpOut) {
    const auto target = parse_http_target(use.target);
    const std::string_view url = std::string_view(use.target).substr(0, use.target.find_first_of("?#"));
    // A URL that can't be read may hold a password.
    return fmt::format("{} {}", use.method.empty() ? "request" : printable(use.method),
                       target ? printable(url) : "a URL");
  }
  const std::string name =
      use.resolved_from.empty() ? "" : fmt::format(" ({})", printable(use.resolved_from));
  return fmt::format("{} {}{}", printable(use.operation), printable(use.target), name);
}

std::string widening_of(const Grant& grant) {
  if (const auto* files = std::get_if<FilesGrant>(&grant.extent)) {
    return fmt::format("opens the whole folder and all below it{}",
                       files->access == Access::kReadWrite ? ", also for reading" : "");
  }
  const auto* http = std::get_if<HttpOutGrant>(&grant.extent);
  if (http == nullptr) return "";
  std::string wider;
  if (http->path_match == PathMatch::kPrefix) {
    wider = fmt::format("opens every path that begins with {}", http->path);
  }
  if (http->methods.empty()) wider += wider.empty() ? "opens every method" : ", with every method";
  return wider;
}

std::string learned_toml(const Policy& policy, std::span<const Knock> uses, const LearnedNotes& notes) {
  std::string text;
  for (const std::string& line : notes.head) text += comment(line);
  text += "grants = [\n";
  for (const Grant& grant : notes.given) {
    text += "  # as it was given: which variables a guest reads can't be seen\n";
    text += fmt::format("  {},\n", toml_string(to_text(grant)));
  }
  for (const Grant& grant : policy.grants) text += grant_lines(grant, policy, uses);
  text += "]\n";
  if (policy.limits == Limits{} && notes.limits.empty()) return text;
  text += '\n';
  for (const std::string& line : notes.limits) text += comment(line);
  if (policy.limits == Limits{}) return text;
  // The reader and the writer of limits are one: what `to_toml` says after its grants.
  const std::string limits = to_toml(Policy{.grants = {}, .limits = policy.limits});
  return text + limits.substr(limits.find("[limits]"));
}

}  // namespace berth::policy
