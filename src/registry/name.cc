// SPDX-License-Identifier: Apache-2.0
#include "registry/name.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/interface_name.h"
#include "policy/host.h"
#include "policy/special_range.h"
#include "providers/content/target.h"

namespace berth::registry {
namespace {

constexpr size_t kLongestName = 2048;
constexpr size_t kLongestRepository = 255;
constexpr size_t kLongestTag = 128;
constexpr size_t kFewestDigits = 8;
constexpr std::string_view kOci = "oci://";
constexpr std::string_view kIpfs = "ipfs://";
constexpr std::string_view kSha256 = "sha256:";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

std::unexpected<Error> wrong(std::string_view text, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}' is no name of a module: {}", text.substr(0, 200), why));
}

/// Letters and digits, with one dot, one or two underscores or any number of dashes between them.
bool is_component(std::string_view text) {
  if (text.empty() || !(is_lower(text.front()) || is_digit(text.front()))) return false;
  while (!text.empty()) {
    const auto word = std::ranges::find_if_not(text, [](char c) { return is_lower(c) || is_digit(c); });
    text.remove_prefix(static_cast<size_t>(word - text.begin()));
    if (text.empty()) return true;
    const size_t rest = text.find_first_not_of(text.front());
    const size_t same = std::min(rest, text.size());
    const bool fits =
        text.front() == '-' || (text.front() == '.' && same == 1) || (text.front() == '_' && same <= 2);
    if (!fits || same == text.size()) return false;
    text.remove_prefix(same);
    if (!is_lower(text.front()) && !is_digit(text.front())) return false;
  }
  return true;
}

bool is_repository(std::string_view text) {
  if (text.size() > kLongestRepository) return false;
  for (;;) {
    const size_t slash = text.find('/');
    if (!is_component(text.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

bool is_tag(std::string_view text) {
  if (text.starts_with('^')) return text.size() <= kLongestTag && parse_version(text.substr(1)).has_value();
  const auto known = [](char c) {
    return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '-';
  };
  return !text.empty() && text.size() <= kLongestTag && text.front() != '.' && text.front() != '-' &&
         std::ranges::all_of(text, known);
}

/// A host in normal form, and its port if it has one.
std::optional<std::string> host_of(std::string_view text) {
  const size_t bracket = text.rfind(']');
  const size_t colon = text.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || bracket < colon);
  const std::string_view port = has_port ? text.substr(colon + 1) : std::string_view();
  if (has_port && (port.empty() || port.size() > 5 || !std::ranges::all_of(port, is_digit)))
    return std::nullopt;
  const auto host = policy::parse_host(text.substr(0, has_port ? colon : text.size()));
  if (!host || host->kind == policy::HostKind::kAny || host->kind == policy::HostKind::kBelowName)
    return std::nullopt;
  if (host->kind == policy::HostKind::kNetwork && !policy::is_single(host->network)) return std::nullopt;
  return to_text(*host) + (has_port ? fmt::format(":{}", port) : "");
}

/// Takes `#sha256:…` off the end.
Result<std::optional<Digest>> take_fragment(std::string_view& text) {
  const size_t hash = text.find('#');
  if (hash == std::string_view::npos) return std::nullopt;
  const auto digest = parse_digest(text.substr(hash + 1));
  if (!digest) return wrong(text, "behind '#' stands the module's digest, sha256: and 64 digits 0-9 a-f");
  text = text.substr(0, hash);
  return digest;
}

Result<Name> parse_oci(std::string_view whole) {
  OciName name;
  std::string_view text = whole;
  name.module = BERTH_TRY(take_fragment(text));
  text.remove_prefix(kOci.size());
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return wrong(whole, "write oci://HOST/REPOSITORY:TAG");
  const auto host = host_of(text.substr(0, slash));
  if (!host) return wrong(whole, "its host is neither a name nor an address");
  name.host = *host;
  text.remove_prefix(slash + 1);
  if (const size_t at = text.find('@'); at != std::string_view::npos) {
    name.manifest = parse_digest(text.substr(at + 1));
    if (!name.manifest)
      return wrong(whole, "behind '@' stands a manifest's digest, sha256: and 64 digits 0-9 a-f");
    text = text.substr(0, at);
  }
  // A tag beside a digest says what it once was called, and decides nothing.
  if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    name.tag = text.substr(colon + 1);
    if (!is_tag(name.tag)) return wrong(whole, "a tag has up to 128 letters, digits, '_', '.' and '-'");
    text = text.substr(0, colon);
  }
  if (!is_repository(text)) {
    return wrong(whole,
                 "a repository is lower-case words with '/' between them, and '.', '_' or '-' within them");
  }
  name.repository = text;
  if (name.manifest) {
    name.tag.clear();
  } else if (name.tag.empty()) {
    name.tag = "latest";
  }
  return name;
}

Result<Name> parse_web(std::string_view whole) {
  WebName name;
  std::string_view text = whole;
  name.module = BERTH_TRY(take_fragment(text));
  const size_t begin = text.find("//") + 2;
  const std::string_view authority = text.substr(begin, text.find_first_of("/?", begin) - begin);
  if (authority.find('@') != std::string_view::npos)
    return wrong("https://…@…", "it holds a name or a password");
  if (!host_of(authority)) return wrong(whole, "its host is neither a name nor an address");
  if (std::ranges::any_of(text, [](char c) { return c <= ' ' || c == 127; }))
    return wrong(whole, "it holds a space");
  name.url = text;
  return name;
}

}  // namespace

std::string OciName::reference() const {
  return manifest ? manifest->text() : tag;
}

bool tag_fits(std::string_view tag, std::string_view wanted) {
  if (!wanted.starts_with('^')) return tag == wanted;
  const auto least = parse_version(wanted.substr(1));
  const auto found = parse_version(tag);
  return least && found && stands_for({.name = "", .version = *found}, {.name = "", .version = *least});
}

std::optional<std::string> highest_tag(const std::vector<std::string>& tags, std::string_view wanted) {
  std::optional<std::string> highest;
  for (const std::string& tag : tags) {
    if (!is_tag(tag) || !tag_fits(tag, wanted)) continue;
    if (!highest || compare(*parse_version(tag), *parse_version(*highest)) > 0) highest = tag;
  }
  return highest;
}

std::optional<Digest> parse_digest(std::string_view text) {
  if (!text.starts_with(kSha256)) return std::nullopt;
  text.remove_prefix(kSha256.size());
  Digest digest;
  if (text.size() != 2 * digest.bytes.size() || !is_hex(text)) return std::nullopt;
  const auto value = [](char c) { return static_cast<uint8_t>(is_digit(c) ? c - '0' : c - 'a' + 10); };
  for (size_t i = 0; i < digest.bytes.size(); ++i) {
    digest.bytes.at(i) = static_cast<uint8_t>(value(text[2 * i]) << 4 | value(text[2 * i + 1]));
  }
  return digest;
}

bool has_scheme(std::string_view text) {
  return text.find("://") != std::string_view::npos || text.starts_with(kSha256);
}

Result<Name> parse_name(std::string_view text) {
  if (!has_scheme(text)) return FileName{.path = std::string(text)};
  if (text.size() > kLongestName)
    return wrong(text, fmt::format("it has more than {} characters", kLongestName));
  if (text.starts_with(kOci)) return parse_oci(text);
  if (text.starts_with("https://") || text.starts_with("http://")) return parse_web(text);
  if (text.starts_with(kIpfs)) {
    auto target = content::read_target(text);
    if (!target) return wrong(text, target.error().message);
    return ContentName{.path = std::move(target->text)};
  }
  if (text.starts_with(kSha256)) {
    const std::string_view digits = text.substr(kSha256.size());
    if (digits.size() < kFewestDigits || digits.size() > 64 || !is_hex(digits))
      return wrong(text, "a module of the store is sha256: and 8 to 64 digits 0-9 a-f");
    return StoreName{.digits = std::string(digits)};
  }
  return wrong(text, "it is a file's path, or begins with oci://, https://, ipfs:// or sha256:");
}

std::string to_text(const Name& name) {
  const auto fragment = [](const std::optional<Digest>& module) {
    return module ? "#" + module->text() : "";
  };
  if (const auto* const oci = std::get_if<OciName>(&name)) {
    return fmt::format("{}{}/{}{}{}{}", kOci, oci->host, oci->repository, oci->manifest ? "@" : ":",
                       oci->reference(), fragment(oci->module));
  }
  if (const auto* const web = std::get_if<WebName>(&name)) return web->url + fragment(web->module);
  if (const auto* const content = std::get_if<ContentName>(&name)) return content->path;
  if (const auto* const store = std::get_if<StoreName>(&name))
    return fmt::format("{}{}", kSha256, store->digits);
  return std::get<FileName>(name).path;
}

std::string short_name(const Name& name) {
  std::string_view text;
  if (const auto* const oci = std::get_if<OciName>(&name)) text = oci->repository;
  if (const auto* const web = std::get_if<WebName>(&name))
    text = std::string_view(web->url).substr(0, web->url.find('?'));
  if (const auto* const content = std::get_if<ContentName>(&name)) text = content->path;
  if (const auto* const file = std::get_if<FileName>(&name)) text = file->path;
  if (const auto* const store = std::get_if<StoreName>(&name)) return store->digits.substr(0, 12);
  while (text.ends_with('/')) text.remove_suffix(1);
  text = text.substr(text.rfind('/') + 1);
  for (const std::string_view ending : {".wasm", ".wat"}) {
    if (text.size() > ending.size() && text.ends_with(ending)) text.remove_suffix(ending.size());
  }
  return std::string(text);
}

}  // namespace berth::registry
