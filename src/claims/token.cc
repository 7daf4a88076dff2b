// SPDX-License-Identifier: Apache-2.0
#include "claims/token.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/text_codes.h"
#include "claims/refusal.h"
#include "claims/sections.h"
#include "claims/strict_json.h"
#include "policy/nearest.h"
#include "policy/printable.h"

namespace berth::claims {
namespace {

constexpr std::string_view kAlgorithm = "Ed25519";
constexpr uint64_t kVersion = 1;
constexpr uint64_t kLatestTime = 253'402'300'799;  // the last second of the year 9999
constexpr uint64_t kMostRevision = INT32_MAX;      // as wascap has it
constexpr uint64_t kWascapRevision = 3;
constexpr size_t kMostGrants = 256;
constexpr size_t kMostTags = 100;
constexpr size_t kLongestId = 128;
constexpr std::array<std::string_view, 5> kBerthsMembers{"v", "digest", "grants", "limits", "account"};

struct Parts {
  std::string_view signed_text;
  std::string header;
  std::string body;
  std::string signature;
};

Result<std::string> decoded(std::string_view part, std::string_view what) {
  auto bytes = from_base64url(part);
  if (bytes) return *std::move(bytes);
  return refuse(
      Refusal::kBase64,
      fmt::format("its {} isn't base64url without padding, each text the only one for its bytes", what));
}

Result<Parts> parts_of(std::string_view text) {
  if (text.size() > kLargestToken) return refuse(Refusal::kTooLarge, "the token has more than 64 KiB");
  const size_t first = text.find('.');
  const size_t second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos || text.find('.', second + 1) != std::string_view::npos) {
    return refuse(Refusal::kFormat, "a token has three parts with points between them");
  }
  Parts parts;
  parts.signed_text = text.substr(0, second);
  parts.header = BERTH_TRY(decoded(text.substr(0, first), "header"));
  parts.body = BERTH_TRY(decoded(text.substr(first + 1, second - first - 1), "body"));
  parts.signature = BERTH_TRY(decoded(text.substr(second + 1), "signature"));
  return parts;
}

Result<void> check_header(std::string_view text) {
  const Json json = BERTH_TRY(Json::parse(text));
  const Members header = BERTH_TRY(Members::of(json, "the header"));
  const std::string algorithm = BERTH_TRY(header.text("alg"));
  if (algorithm != kAlgorithm) {
    return refuse(Refusal::kAlgorithm,
                  fmt::format("it is signed with {}, and only Ed25519 is taken", policy::quoted(algorithm)));
  }
  const std::string type = BERTH_TRY(header.find_text("typ"));
  if (type != "jwt" && type != "JWT") return refuse(Refusal::kHeader, "its type is not 'jwt'");
  for (const auto& [name, value] : header.all()) {
    // A key, or where to get one, in the header is never asked for; what must be understood isn't.
    if (name == "alg" || name == "typ") continue;
    return refuse(Refusal::kHeader, fmt::format("it says {}", policy::quoted(name)));
  }
  return {};
}

Result<std::optional<uint64_t>> time_of(const Members& members, std::string_view name) {
  const auto seconds = BERTH_TRY(members.find_number(name));
  if (seconds && *seconds > kLatestTime) {
    return refuse(Refusal::kNumber, fmt::format("'{}' lies behind the year 9999", name));
  }
  return seconds;
}

/// Text for people: shown as it stands, so nothing that deceives a terminal or a reader.
Result<std::string> shown_text(const Members& members, std::string_view name) {
  std::string text = BERTH_TRY(members.find_text(name));
  if (text.size() > kLongestName) {
    return refuse(Refusal::kTooLarge, fmt::format("'{}' has more than {} bytes", name, kLongestName));
  }
  if (const auto bad = policy::first_unprintable(text)) {
    return refuse(Refusal::kType, fmt::format("'{}' has {}", name, *bad));
  }
  return text;
}

Result<void> read_wascap(const Json& json, Token& token) {
  const Members members = BERTH_TRY(Members::of(json, "'wascap'"));
  token.name = BERTH_TRY(shown_text(members, "name"));
  token.version = BERTH_TRY(shown_text(members, "ver"));
  token.wascap_hash = BERTH_TRY(shown_text(members, "hash"));
  token.revision = BERTH_TRY(members.find_number("rev"));
  if (token.revision && *token.revision > kMostRevision) {
    return refuse(Refusal::kNumber, "'rev' of 'wascap' is out of range");
  }
  token.tags = BERTH_TRY(members.find_texts("tags")).value_or(std::vector<std::string>());
  if (token.tags.size() > kMostTags) return refuse(Refusal::kTooLarge, "it has more than 100 tags");
  for (const std::string& tag : token.tags) {
    if (tag.size() > kLongestName) return refuse(Refusal::kTooLarge, "a tag has more than 256 bytes");
    if (const auto bad = policy::first_unprintable(tag))
      return refuse(Refusal::kType, fmt::format("a tag has {}", *bad));
  }
  return {};
}

Result<policy::Grant> read_grant(const std::string& text, const std::string& source) {
  auto grant = policy::parse_grant(text, source, policy::Role::kOwner);
  if (!grant) return refuse(Refusal::kGrant, grant.error().message);
  BERTH_TRY_VOID(check_grant(*grant));
  return grant;
}

Result<Vouched> read_vouched(const Members& berths, const std::string& source) {
  Vouched vouched;
  if (const auto grants = BERTH_TRY(berths.find_texts("grants"))) {
    if (grants->size() > kMostGrants) return refuse(Refusal::kTooLarge, "it has more than 256 grants");
    vouched.grants.emplace();
    for (const std::string& text : *grants) vouched.grants->push_back(BERTH_TRY(read_grant(text, source)));
  }
  const Json* const limits = berths.find("limits");
  if (limits == nullptr) return vouched;
  const Members members = BERTH_TRY(Members::of(*limits, "'limits'"));
  for (const auto& [name, value] : members.all()) {
    const auto set = policy::set_limit(vouched.limits, name, BERTH_TRY(members.text(name)));
    if (!set) return refuse(Refusal::kGrant, set.error().message);
  }
  return vouched;
}

Result<void> read_berths(const Json& json, Token& token) {
  const Members members = BERTH_TRY(Members::of(json, "'berth'"));
  token.has_berths_claim = true;
  for (const auto& [name, value] : members.all()) {
    if (std::ranges::find(kBerthsMembers, name) != kBerthsMembers.end()) continue;
    return refuse(
        Refusal::kUnknown,
        fmt::format("it says {}, which this berth can't hold to: a later one may", policy::quoted(name)));
  }
  const auto version = BERTH_TRY(members.find_number("v"));
  if (!version) return refuse(Refusal::kMissing, "'berth' has no 'v'");
  if (*version != kVersion) {
    return refuse(Refusal::kUnknown,
                  fmt::format("its claims are of version {}, and this berth knows 1", *version));
  }
  token.digest = BERTH_TRY(members.find_text("digest"));
  token.account_token = BERTH_TRY(members.find_text("account"));
  const std::string source =
      fmt::format("claims of {} {}", role_name(token.issuer.role), token.issuer.text());
  token.vouched = BERTH_TRY(read_vouched(members, source));
  return {};
}

/// Who may say something of whom.
Result<void> check_roles(const Token& token) {
  const bool of_module = token.issuer.role == KeyRole::kAccount && token.subject.role == KeyRole::kModule;
  const bool of_account = token.issuer.role == KeyRole::kOperator && token.subject.role == KeyRole::kAccount;
  if (of_module || of_account) return {};
  return refuse(
      Refusal::kKeyType,
      fmt::format("an account signs for a module and an operator for an account; here the key of an {} "
                  "signs for one of an {}",
                  role_name(token.issuer.role), role_name(token.subject.role)));
}

Result<void> check_berths(const Token& token) {
  if (!token.has_berths_claim) return {};
  const bool of_module = token.subject.role == KeyRole::kModule;
  if (of_module && token.digest.empty()) return refuse(Refusal::kMissing, "'berth' has no 'digest'");
  if (of_module && !token.vouched.grants) return refuse(Refusal::kMissing, "'berth' has no 'grants'");
  if (!of_module && !(token.digest.empty() && token.account_token.empty())) {
    return refuse(Refusal::kUnknown, "an account's token has a digest, or a token inside");
  }
  return {};
}

Result<PublicKey> key_of(const Members& members, std::string_view name) {
  return parse_public_key(BERTH_TRY(members.text(name)));
}

nlohmann::json vouched_json(const Token& token) {
  nlohmann::json berths = {{"v", kVersion}};
  if (!token.digest.empty()) berths["digest"] = token.digest;
  if (token.vouched.grants) {
    berths["grants"] = nlohmann::json::array();
    for (const policy::Grant& grant : *token.vouched.grants)
      berths["grants"].push_back(policy::to_text(grant));
  }
  nlohmann::json limits = nlohmann::json::object();
  for (const policy::LimitName& limit : policy::limit_names()) {
    if (const auto text = policy::limit_text(token.vouched.limits, limit.name))
      limits[std::string(limit.name)] = *text;
  }
  if (!limits.empty()) berths["limits"] = std::move(limits);
  if (!token.account_token.empty()) berths["account"] = token.account_token;
  return berths;
}

nlohmann::json wascap_json(const Token& token) {
  nlohmann::json wascap = nlohmann::json::object();
  if (!token.name.empty()) wascap["name"] = token.name;
  if (token.subject.role != KeyRole::kModule) return wascap;
  wascap["hash"] = token.wascap_hash;
  wascap["tags"] = token.tags;
  if (token.revision) wascap["rev"] = *token.revision;
  if (!token.version.empty()) wascap["ver"] = token.version;
  wascap["prov"] = false;
  return wascap;
}

std::string part(const nlohmann::json& json) {
  return to_base64url(json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

Result<void> check_grant(const policy::Grant& grant) {
  const auto* const files = std::get_if<policy::FilesGrant>(&grant.extent);
  if (files != nullptr && files->volume.empty() && files->content.empty() && files->host_path != "*" &&
      !files->host_path.starts_with('/')) {
    policy::Grant any = grant;
    std::get<policy::FilesGrant>(any.extent).host_path = "*";
    return refuse(
        Refusal::kGrant,
        fmt::format("a folder's place in '{}' is one of this machine alone: vouch for any folder that "
                    "the module sees there, '{}'",
                    policy::to_text(grant), policy::to_text(any)));
  }
  return {};
}

Result<Token> read_token(std::string_view text) {
  const Parts parts = BERTH_TRY(parts_of(text));
  BERTH_TRY_VOID(check_header(parts.header));
  const Json json = BERTH_TRY(Json::parse(parts.body));
  const Members body = BERTH_TRY(Members::of(json, "the token"));
  Token token;
  token.issuer = BERTH_TRY(key_of(body, "iss"));
  token.subject = BERTH_TRY(key_of(body, "sub"));
  BERTH_TRY_VOID(check_roles(token));
  if (!verifies(token.issuer, parts.signed_text, parts.signature)) {
    return refuse(Refusal::kSignature, fmt::format("{} didn't sign this", token.issuer.text()));
  }
  token.id = BERTH_TRY(body.text("jti"));
  if (token.id.empty() || token.id.size() > kLongestId || policy::first_unprintable(token.id)) {
    return refuse(Refusal::kType, "'jti' isn't 1 to 128 bytes of plain text");
  }
  const auto issued = BERTH_TRY(time_of(body, "iat"));
  if (!issued) return refuse(Refusal::kMissing, "the token has no 'iat'");
  token.issued_at = *issued;
  token.not_before = BERTH_TRY(time_of(body, "nbf"));
  token.expires = BERTH_TRY(time_of(body, "exp"));
  if (const Json* const wascap = body.find("wascap")) BERTH_TRY_VOID(read_wascap(*wascap, token));
  token.wascap_revision = BERTH_TRY(body.find_number("wascap_revision")).value_or(0);
  if (const Json* const berths = body.find("berth")) BERTH_TRY_VOID(read_berths(*berths, token));
  BERTH_TRY_VOID(check_berths(token));
  return token;
}

Result<std::string> write_token(const Token& token, const Seed& seed) {
  if (seed.public_key() != token.issuer) {
    return fail(ErrorCode::kInvalidArgument, "the token's issuer is another than who signs it");
  }
  nlohmann::json body = {{"jti", token.id},
                         {"iat", token.issued_at},
                         {"iss", token.issuer.text()},
                         {"sub", token.subject.text()},
                         {"wascap", wascap_json(token)},
                         {"wascap_revision", kWascapRevision},
                         {"berth", vouched_json(token)}};
  if (token.expires) body["exp"] = *token.expires;
  if (token.not_before) body["nbf"] = *token.not_before;
  std::string text = part({{"typ", "jwt"}, {"alg", kAlgorithm}}) + "." + part(body);
  const Signature signature = seed.sign(text);
  text += "." + to_base64url({reinterpret_cast<const char*>(signature.data()), signature.size()});
  // What can't be read is never handed out.
  if (const auto again = read_token(text); !again) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("this can't be signed: {}", again.error().message));
  }
  return text;
}

std::string utc_text(uint64_t unix_seconds) {
  using namespace std::chrono;
  const auto time = sys_seconds(seconds(std::min(unix_seconds, kLatestTime)));
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace berth::claims
