// SPDX-License-Identifier: Apache-2.0
#include "policy/files.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/units.h"
#include "policy/content.h"
#include "policy/invalid.h"
#include "policy/smaller.h"
#include "policy/split.h"

namespace berth::policy {
namespace {

constexpr std::string_view kAnyGuest = "*";
constexpr std::string_view kAnyVolume = "*";
constexpr std::string_view kAnyFolder = "*";
constexpr std::string_view kContent = "ipfs://";
constexpr std::string_view kAnyContent = "ipfs://*";
constexpr size_t kLongestVolumeName = 64;
/// The options that bound what is stored.
constexpr std::string_view kQuota = "quota=";
constexpr std::string_view kFiles = "files=";

/// The parts between unescaped colons, with `\:` and `\\` read as the characters they mean.
Result<std::vector<std::string>> split_escaped(std::string_view text) {
  std::vector<std::string> parts(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ':') {
      parts.emplace_back();
    } else if (text[i] != '\\') {
      parts.back() += text[i];
    } else if (i + 1 < text.size() && (text[i + 1] == ':' || text[i + 1] == '\\')) {
      parts.back() += text[++i];
    } else {
      return invalid(text, "has a lone '\\', write '\\\\' for a backslash and '\\:' for a colon");
    }
  }
  return parts;
}

std::string escaped(std::string_view path) {
  std::string out;
  for (char c : path) {
    if (c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::vector<std::string_view> components(std::string_view path) {
  std::vector<std::string_view> parts = split(path, '/');
  std::erase_if(parts, [](std::string_view part) { return part.empty() || part == "."; });
  return parts;
}

bool climbs(const std::vector<std::string_view>& parts) {
  return std::ranges::find(parts, "..") != parts.end();
}

/// The components of `inner` below `outer`; nothing when it doesn't lie in it.
std::optional<std::vector<std::string_view>> below(std::string_view outer, std::string_view inner) {
  if (outer.starts_with('/') != inner.starts_with('/')) return std::nullopt;
  auto above = components(outer);
  auto parts = components(inner);
  if (climbs(above) || climbs(parts) || above.size() > parts.size() ||
      !std::equal(above.begin(), above.end(), parts.begin())) {
    return std::nullopt;
  }
  parts.erase(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(above.size()));
  return parts;
}

/// Where a folder appears in the guest when its grant doesn't say so.
Result<std::string> default_guest_path(std::string_view host_path) {
  if (host_path.starts_with('/')) {
    auto kept = normal_guest_path(host_path);
    if (kept) return kept;
  } else {
    auto parts = components(host_path);
    if (parts.empty()) return "/";
    if (parts.back() != "..") return fmt::format("/{}", parts.back());
  }
  return invalid(host_path, "needs a guest path behind it");
}

/// What stands in front of the first colon: a volume or a folder of the host.
Result<FilesGrant> parse_place(const std::string& place, Role role) {
  if (place.empty()) return fail(ErrorCode::kInvalidArgument, "the host path is empty");
  if (place == kAnyFolder && role == Role::kAsker) {
    return invalid("*", "is not a host path, write '/' for the whole machine");
  }
  if (!place.starts_with('@')) return FilesGrant{.volume = {}, .host_path = place};
  std::string name = place.substr(1);
  if (name == kAnyVolume && role == Role::kAsker) {
    return invalid(place, "is for an owner's rules only, name the volume");
  }
  if (name != kAnyVolume && !is_volume_name(name)) {
    return invalid(place,
                   fmt::format("names no volume, which has a-z, 0-9 and, behind the first, '.', '_' and "
                               "'-', at most {} in all; a folder of this name is './{}'",
                               kLongestVolumeName, printable(place)));
  }
  return FilesGrant{.volume = std::move(name), .host_path = {}};
}

/// What stands behind "ipfs://".
Result<FilesGrant> parse_content_place(const std::string& place, Role role) {
  FilesGrant grant;
  if (place == "*") {
    if (role == Role::kAsker) return invalid(kAnyContent, "is for an owner's rules only, name the CID");
    grant.content = kAnyContent;
    return grant;
  }
  grant.content = BERTH_TRY(content_target(std::string(kContent) + place));
  return grant;
}

bool is_guest_path(std::string_view part) {
  return part.starts_with('/') || part.starts_with('.') || part == kAnyGuest;
}

Result<std::string> parse_guest_path(std::string_view part, Role role) {
  if (part != kAnyGuest) return normal_guest_path(part);
  if (role == Role::kOwner) return std::string(kAnyGuest);
  return invalid(part, "as a guest path is for an owner's rules only, name the path");
}

bool is_quota(std::string_view option) {
  return option.starts_with(kQuota) || option.starts_with(kFiles);
}

Result<void> apply_option(FilesGrant& grant, std::string_view option) {
  if (option.starts_with(kQuota)) {
    if (grant.quota_bytes) return invalid(option, "is a second quota");
    grant.quota_bytes = BERTH_TRY(parse_bytes(option.substr(kQuota.size())));
    if (*grant.quota_bytes == 0) return invalid(option, "leaves no room, use 'ro' instead");
    return {};
  }
  if (option.starts_with(kFiles)) {
    if (grant.quota_files) return invalid(option, "is a second number of files");
    grant.quota_files = BERTH_TRY(parse_count(option.substr(kFiles.size())));
    if (*grant.quota_files == 0) return invalid(option, "leaves no room, use 'ro' instead");
    return {};
  }
  auto access = parse_access(option);
  if (!access) return invalid(option, "is not an access, use 'ro' or 'rw'");
  grant.access = *access;
  return {};
}

/// Whether the inner quota is one that the outer allows.
bool bounds(std::optional<uint64_t> outer, std::optional<uint64_t> inner) {
  return !outer || (inner && *inner <= *outer);
}

bool content_lies_in(std::string_view outer, std::string_view inner) {
  if (outer == inner || outer == kAnyContent) return !inner.empty();
  return !outer.empty() && inner.starts_with(outer) && inner.size() > outer.size() &&
         inner[outer.size()] == '/';
}

bool same_place(const FilesGrant& outer, const FilesGrant& inner) {
  if (!outer.content.empty() || !inner.content.empty()) {
    const bool same_path = outer.guest_path == kAnyGuest || outer.guest_path == inner.guest_path;
    return content_lies_in(outer.content, inner.content) && same_path;
  }
  if (!outer.volume.empty() || !inner.volume.empty()) {
    const bool held = outer.volume == inner.volume || (outer.volume == kAnyVolume && !inner.volume.empty());
    return held && (outer.guest_path == kAnyGuest || outer.guest_path == inner.guest_path);
  }
  if (outer.host_path == kAnyFolder) {
    if (climbs(components(inner.host_path))) return false;
    if (outer.guest_path == kAnyGuest || outer.guest_path == inner.guest_path) return true;
    return inner.guest_path != kAnyGuest && below(outer.guest_path, inner.guest_path).has_value();
  }
  auto host_rest = below(outer.host_path, inner.host_path);
  if (inner.host_path == kAnyFolder || !host_rest) return false;
  if (outer.guest_path == kAnyGuest) return true;
  return inner.guest_path != kAnyGuest && below(outer.guest_path, inner.guest_path) == host_rest;
}

}  // namespace

Result<std::string> normal_guest_path(std::string_view path) {
  if (path.empty()) return fail(ErrorCode::kInvalidArgument, "the guest path is empty");
  std::string normal;
  for (std::string_view part : components(path)) {
    if (part == "..") return invalid(path, "has '..', which no guest path may have");
    normal += '/';
    normal += part;
  }
  return normal.empty() ? "/" : normal;
}

std::optional<std::string> resolved_path(std::string_view path) {
  std::vector<std::string_view> parts;
  for (std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (parts.empty()) {
      return std::nullopt;
    } else {
      parts.pop_back();
    }
  }
  std::string text;
  for (std::string_view part : parts) (text += '/') += part;
  return text.empty() ? "/" : text;
}

bool path_lies_in(std::string_view outer, std::string_view inner) {
  return below(outer, inner).has_value();
}

bool is_volume_name(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (name.empty() || name.size() > kLongestVolumeName || !plain(name.front())) return false;
  return std::ranges::all_of(name, [&](char c) { return plain(c) || std::string_view("._-").contains(c); });
}

Result<FilesGrant> parse_files(std::string_view extent, Role role) {
  const bool content = extent.starts_with(kContent);
  std::vector<std::string> parts =
      BERTH_TRY(split_escaped(content ? extent.substr(kContent.size()) : extent));
  FilesGrant grant =
      BERTH_TRY(content ? parse_content_place(parts.front(), role) : parse_place(parts.front(), role));
  size_t next = 1;
  if (next < parts.size() && is_guest_path(parts[next])) {
    grant.guest_path = BERTH_TRY(parse_guest_path(parts[next++], role));
  } else if (role == Role::kOwner) {
    grant.guest_path = kAnyGuest;
  } else if (content) {
    return invalid(extent, "doesn't say where the guest sees it, write 'files ipfs://CID:/data'");
  } else if (!grant.volume.empty()) {
    grant.guest_path = "/" + grant.volume;
  } else {
    grant.guest_path = BERTH_TRY(default_guest_path(grant.host_path));
  }
  bool access_said = false;
  bool unclear = next == 1 && parts.size() > 1 && !parse_access(parts[1]) && !is_quota(parts[1]);
  if (unclear) return invalid(parts[1], "is neither a guest path, which begins with '/', nor 'ro' or 'rw'");
  for (; next < parts.size(); ++next) {
    bool says_access = parse_access(parts[next]).has_value();
    if (says_access && access_said) return invalid(parts[next], "is a second access");
    access_said = access_said || says_access;
    BERTH_TRY(apply_option(grant, parts[next]));
  }
  if (content && grant.access == Access::kReadWrite)
    return fail(ErrorCode::kInvalidArgument, "content is what its hash says, it can only be read: use 'ro'");
  if ((grant.quota_bytes || grant.quota_files) && grant.access == Access::kReadOnly) {
    return fail(ErrorCode::kInvalidArgument, "a quota needs 'rw'");
  }
  const bool unbounded = grant.access == Access::kReadWrite && !grant.quota_bytes;
  if (unbounded && !grant.volume.empty() && role == Role::kAsker) grant.quota_bytes = kVolumeQuotaBytes;
  return grant;
}

std::string extent_text(const FilesGrant& grant) {
  const auto written = [&] {
    if (!grant.content.empty()) return std::string(kContent) + escaped(grant.content.substr(kContent.size()));
    return grant.volume.empty() ? escaped(grant.host_path) : "@" + grant.volume;
  };
  const std::string place = written();
  std::string text = fmt::format("{}:{}:{}", place, escaped(grant.guest_path), access_name(grant.access));
  if (grant.quota_bytes) text += ":quota=" + exact_bytes(*grant.quota_bytes);
  if (grant.quota_files) text += fmt::format(":files={}", *grant.quota_files);
  return text;
}

bool contains(const FilesGrant& outer, const FilesGrant& inner) {
  if (!same_place(outer, inner) || inner.access > outer.access) return false;
  if (inner.access == Access::kReadOnly) return true;
  return bounds(outer.quota_bytes, inner.quota_bytes) && bounds(outer.quota_files, inner.quota_files);
}

std::optional<FilesGrant> narrow(const FilesGrant& asked, const FilesGrant& owner) {
  if (!same_place(owner, asked)) return std::nullopt;
  FilesGrant both = asked;
  both.access = weaker(asked.access, owner.access);
  if (both.access == Access::kReadOnly) {
    both.quota_bytes.reset();
    both.quota_files.reset();
  } else {
    both.quota_bytes = smaller(asked.quota_bytes, owner.quota_bytes);
    both.quota_files = smaller(asked.quota_files, owner.quota_files);
  }
  return both;
}

}  // namespace berth::policy
