// SPDX-License-Identifier: Apache-2.0
#include "registry/oci.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text_codes.h"
#include "policy/printable.h"
#include "registry/challenge.h"
#include "registry/credentials.h"
#include "registry/refused.h"
#include "web/foreign_json.h"

namespace berth::registry {
namespace {

using nlohmann::json;

constexpr std::string_view kAccepted =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json";
constexpr uint64_t kMostToken = 256 << 10;
constexpr uint64_t kMostPage = 4 << 20;
constexpr uint64_t kMostListed = 32 << 20;  // bytes of all pages of a list
constexpr size_t kDeepest = 16;

std::string scheme_of(const OciName& name, const web::WebOptions& options) {
  const bool plain = options.plain_http || (web::is_loopback(name.host) && options.roots.empty());
  return plain ? "http" : "https";
}

/// The URL of `<URL>; rel="next"`; empty where there is no other page.
std::string_view next_page(std::string_view link) {
  const size_t begin = link.find('<');
  const size_t end = link.find('>');
  const bool is_next =
      link.find("rel=\"next\"") != std::string_view::npos || link.find("rel=next") != std::string_view::npos;
  if (!is_next || begin == std::string_view::npos || end == std::string_view::npos || end < begin) return {};
  return link.substr(begin + 1, end - begin - 1);
}

}  // namespace

Repository::Repository(OciName name, std::string base, web::WebOptions options, std::string config,
                       std::unique_ptr<web::Web> web)
    : name_(std::move(name)),
      base_(std::move(base)),
      options_(std::move(options)),
      config_(std::move(config)),
      web_(std::move(web)) {}

Result<std::unique_ptr<Repository>> Repository::open(const OciName& name, const web::WebOptions& options,
                                                     std::string config) {
  // What everybody calls Docker's registry isn't where its API is.
  const std::string host = name.host == "docker.io" ? "registry-1.docker.io" : name.host;
  std::string base = fmt::format("{}://{}/v2", scheme_of(name, options), host);
  if (!name.repository.empty()) base += "/" + name.repository;
  auto web = BERTH_TRY(web::Web::create(base, options));
  return std::unique_ptr<Repository>(
      new Repository(name, std::move(base), options, std::move(config), std::move(web)));
}

std::string Repository::doing(std::string_view what) const {
  return fmt::format("{} oci://{}{}{}", what, name_.host, name_.repository.empty() ? "" : "/",
                     name_.repository);
}

/// What a server asks for is answered once: one that isn't content then never is.
Result<web::WebAnswer> Repository::ask(web::WebAsk ask) {
  ask.authorization = authorization_;
  web::WebAnswer answer = BERTH_TRY(web_->ask(ask));
  if (answer.status != 401 || web::authority_of(answer.url) != web::authority_of(base_)) return answer;
  authorization_ = BERTH_TRY(authorization(answer.header("www-authenticate")));
  if (authorization_.empty()) return answer;
  ask.authorization = authorization_;
  return web_->ask(ask);
}

Result<std::string> Repository::authorization(const std::string& header) {
  const auto challenge = parse_challenge(header);
  if (!challenge) return std::string();
  if (challenge->scheme == Challenge::Scheme::kBearer)
    return "Bearer " + BERTH_TRY(token(challenge->realm, challenge->service, challenge->scope));
  const auto credentials = BERTH_TRY(credentials_for(name_.host, config_));
  if (!credentials || credentials->identity_token) return std::string();
  return "Basic " + to_base64(fmt::format("{}:{}", credentials->user, credentials->secret));
}

Result<std::string> Repository::token(const std::string& realm, const std::string& service,
                                      const std::string& scope) {
  const auto credentials = BERTH_TRY(credentials_for(name_.host, config_));
  const std::string asked = fmt::format("service={}&scope={}", to_percent(service), to_percent(scope));
  web::WebAsk ask{.url = web::resolve_url(base_, realm), .most_bytes = kMostToken};
  if (ask.url.empty())
    return fail(ErrorCode::kUnavailable, doing("tokens for") + ": the registry says no URL for them");
  std::string form;
  if (credentials && credentials->identity_token) {
    form = fmt::format("grant_type=refresh_token&client_id=berth&{}&refresh_token={}", asked,
                       to_percent(credentials->secret));
    ask.method = "POST";
    ask.body = form;
    ask.headers = {{"content-type", "application/x-www-form-urlencoded"}};
  } else {
    ask.url += (ask.url.find('?') == std::string::npos ? "?" : "&") + asked;
    if (credentials)
      ask.authorization = "Basic " + to_base64(fmt::format("{}:{}", credentials->user, credentials->secret));
  }
  const web::WebAnswer answer = BERTH_TRY(web_->ask(ask));
  if (answer.status != 200) return refused(answer, doing("getting a token for"));
  const json whole = web::parse_shallow(answer.body, kDeepest);
  std::string token = whole.is_object() ? web::text_of(whole, "token") : "";
  if (token.empty() && whole.is_object()) token = web::text_of(whole, "access_token");
  const bool plain = std::ranges::all_of(token, [](char c) { return c > ' ' && c < 127; });
  if (token.empty() || !plain)
    return fail(ErrorCode::kUnavailable, doing("getting a token for") + ": there is none in the answer");
  return token;
}

Result<FetchedManifest> Repository::manifest(const std::string& reference) {
  const auto digest = parse_digest(reference);
  const web::WebAnswer answer = BERTH_TRY(ask({.url = fmt::format("{}/manifests/{}", base_, reference),
                                               .headers = {{"accept", std::string(kAccepted)}},
                                               .most_bytes = kMostManifest}));
  const std::string what = fmt::format("{}{}{}", doing("pulling"), digest ? "@" : ":", reference);
  if (answer.status != 200) return refused(answer, what);
  FetchedManifest manifest{
      .text = answer.body, .media_type = answer.header("content-type"), .digest = sha256(answer.body)};
  const auto said = parse_digest(answer.header("docker-content-digest"));
  const Digest wanted = digest.value_or(said.value_or(manifest.digest));
  if (manifest.digest == wanted) return manifest;
  return fail(ErrorCode::kInvalidModule, fmt::format("{}: the manifest that came is {}, and not {}", what,
                                                     manifest.digest.text(), wanted.text()));
}

Result<void> Repository::push_blob(const Digest& digest, std::string_view bytes) {
  const std::string what = doing("pushing to");
  const web::WebAnswer there =
      BERTH_TRY(ask({.method = "HEAD", .url = fmt::format("{}/blobs/{}", base_, digest.text())}));
  if (there.status == 200) return {};
  const web::WebAnswer begun = BERTH_TRY(ask({.method = "POST", .url = base_ + "/blobs/uploads/"}));
  if (begun.status != 202) return refused(begun, what);
  std::string url = web::resolve_url(begun.url, begun.header("location"));
  if (url.empty()) return fail(ErrorCode::kUnavailable, what + ": the registry says no place for the blob");
  url += fmt::format("{}digest={}", url.find('?') == std::string::npos ? "?" : "&", digest.text());
  web::WebAsk sent{.method = "PUT",
                   .url = url,
                   .headers = {{"content-type", "application/octet-stream"}},
                   .body = bytes,
                   .most_time = transfer_time(bytes.size())};
  // Where another host takes blobs, it takes them without these credentials.
  web::WebAnswer done = web::authority_of(url) == web::authority_of(base_) ? BERTH_TRY(ask(std::move(sent)))
                                                                           : BERTH_TRY(web_->ask(sent));
  if (done.status != 201 && done.status != 204 && done.status != 202) return refused(done, what);
  return {};
}

Result<void> Repository::push_manifest(std::string_view text, const std::string& reference) {
  const web::WebAnswer done = BERTH_TRY(ask({.method = "PUT",
                                             .url = fmt::format("{}/manifests/{}", base_, reference),
                                             .headers = {{"content-type", std::string(kManifestType)}},
                                             .body = text}));
  if (done.status != 201 && done.status != 200 && done.status != 202)
    return refused(done, doing("pushing to"));
  return {};
}

Result<std::vector<std::string>> Repository::tags() {
  return pages("/tags/list", "tags", doing("the tags of"));
}

Result<std::vector<std::string>> Repository::repositories() {
  return pages("/_catalog", "repositories", doing("the repositories of"));
}

/// A list that comes in pages, each of which says where the next one is.
Result<std::vector<std::string>> Repository::pages(const std::string& path, const char* list,
                                                   const std::string& doing) {
  std::vector<std::string> all;
  std::string url = base_ + path;
  uint64_t bytes = 0;
  while (!url.empty() && bytes < kMostListed) {
    const web::WebAnswer answer = BERTH_TRY(ask({.url = url, .most_bytes = kMostPage}));
    if (answer.status != 200) return refused(answer, doing);
    bytes += answer.body.size();
    const json whole = web::parse_shallow(answer.body, kDeepest);
    auto some = whole.is_object() ? web::texts_of(whole, list) : std::vector<std::string>();
    if (some.empty()) break;
    std::ranges::move(some, std::back_inserter(all));
    url = web::resolve_url(url, next_page(answer.header("link")));
    if (web::authority_of(url) != web::authority_of(base_)) break;
  }
  return all;
}

Result<std::string> Repository::small_blob(const Descriptor& descriptor, uint64_t most_bytes) {
  if (descriptor.size > most_bytes)
    return fail(ErrorCode::kLimit, fmt::format("{}: {} has {} bytes, more than are read", doing("reading of"),
                                               descriptor.digest.text(), descriptor.size));
  web::WebAsk asked = blob_ask(descriptor, 0, descriptor.size);
  const web::WebAnswer answer = BERTH_TRY(ask(std::move(asked)));
  if (answer.status != 200) return refused(answer, doing("reading of"));
  if (sha256(answer.body) == descriptor.digest) return answer.body;
  return fail(ErrorCode::kInvalidModule,
              fmt::format("{}: what came isn't {}", doing("reading of"), descriptor.digest.text()));
}

}  // namespace berth::registry
