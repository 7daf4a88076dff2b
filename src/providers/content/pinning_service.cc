// SPDX-License-Identifier: Apache-2.0
#include "providers/content/pinning_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <unordered_set>

#include "base/text_codes.h"
#include "policy/printable.h"
#include "providers/content/authorization.h"
#include "web/foreign_json.h"

namespace berth::content {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr std::array<std::string_view, 4> kStatuses{"queued", "pinning", "pinned", "failed"};
constexpr size_t kPage = 100;
constexpr size_t kDeepest = 16;
constexpr uint64_t kMostAnswer = 8 << 20;
constexpr size_t kLongestName = 255;      // the specification's bound
constexpr size_t kLongestRequest = 1024;  // of what a request is called
constexpr size_t kMostDelegates = 20;     // the specification's bound
constexpr size_t kMostInfo = 1000;        // the specification's bound
constexpr size_t kLongestText = 1 << 10;  // of what is kept of a text
constexpr size_t kLongestInfo = 4 << 10;  // the same, of one that says something
constexpr size_t kMostPages = 10'000;     // of a list
constexpr uint64_t kMostListed = 128 << 20;
constexpr auto kMostListing = 10min;

/// As much of a text as is kept, in whole characters.
std::string cut(std::string text, size_t most = kLongestText) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
  text.resize(most);
  return text;
}

/// Whether a service writes that CID so, in either version.
bool is_of(std::string_view text, const Cid& cid) {
  const auto read = Cid::parse(text);
  return read && read->codec == cid.codec && read->hash == cid.hash;
}

/// Nothing where it doesn't say what is required.
std::optional<ServicePin> read_pin(const json& entry) {
  if (!entry.is_object()) return std::nullopt;
  const auto pin = entry.find("pin");
  const auto status = std::ranges::find(kStatuses, web::text_of(entry, "status"));
  if (pin == entry.end() || !pin->is_object() || status == kStatuses.end()) return std::nullopt;
  ServicePin read{.request = web::text_of(entry, "requestid"),
                  .status = static_cast<PinStatus>(status - kStatuses.begin()),
                  .created = cut(web::text_of(entry, "created")),
                  .cid = cut(web::text_of(*pin, "cid")),
                  .name = cut(web::text_of(*pin, "name")),
                  .delegates = web::texts_of(entry, "delegates")};
  if (read.request.empty() || read.request.size() > kLongestRequest || read.cid.empty()) return std::nullopt;
  if (read.delegates.size() > kMostDelegates) read.delegates.resize(kMostDelegates);
  for (std::string& delegate : read.delegates) delegate = cut(std::move(delegate));
  const auto info = entry.find("info");
  if (info != entry.end() && info->is_object() && info->size() <= kMostInfo) {
    for (const auto& [key, value] : info->items()) {
      if (value.is_string()) read.info.emplace(cut(key), cut(value.get<std::string>(), kLongestInfo));
    }
  }
  return read;
}

/// What it says went wrong, {"error": {"reason", "details"}}, or else.
std::string said(const web::WebAnswer& answer) {
  const json whole = web::parse_shallow(answer.body, kDeepest);
  const auto error = whole.is_object() ? whole.find("error") : whole.end();
  std::string text = answer.body;
  if (error != whole.end() && error->is_object()) {
    const std::string details = web::text_of(*error, "details");
    text = web::text_of(*error, "reason") + (details.empty() ? "" : ": " + details);
  }
  return text.empty() ? std::string("nothing more") : policy::printable(text);
}

/// In which its filters are asked for.
std::string query_of(const PinningService::Which& which, std::string_view before) {
  std::string query = fmt::format("/pins?status=queued,pinning,pinned,failed&limit={}", kPage);
  if (which.cid) query += fmt::format("&cid={}", which.cid->text());
  if (!which.name.empty()) query += fmt::format("&name={}", to_percent(which.name));
  if (!before.empty()) query += fmt::format("&before={}", to_percent(before));
  return query;
}

}  // namespace

std::string_view pin_status_name(PinStatus status) {
  return kStatuses[static_cast<size_t>(status)];
}

Result<std::unique_ptr<PinningService>> PinningService::create(std::string name, const std::string& given,
                                                               web::WebOptions web,
                                                               std::string authorization) {
  const auto url = base_url(given, "/pins");
  if (!url)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the service {}: {} is no service: write https://HOST/PATH, without /pins",
                            policy::quoted(name), refused_url(given)));
  BERTH_TRY_VOID(check_secret_way(*url, authorization));
  web.tries = 3;
  // It may look around before it answers, and isn't one of several that race.
  web.span = 1min;
  web.least_bytes = 1;
  auto client = BERTH_TRY(web::Web::create(*url, std::move(web)));
  return std::unique_ptr<PinningService>(
      new PinningService(std::move(name), *url, std::move(client), std::move(authorization)));
}

std::unexpected<Error> PinningService::wrong(ErrorCode code, std::string_view what) const {
  return fail(code, fmt::format("the service {} ({}): {}", policy::quoted(name_), web::shown(url_), what));
}

Result<web::WebAnswer> PinningService::call(std::string method, std::string_view path, std::string_view body,
                                            std::optional<std::chrono::nanoseconds> most) {
  web::WebAsk ask{.method = std::move(method),
                  .url = url_ + std::string(path),
                  .headers = {{"accept", "application/json"}},
                  .authorization = authorization_,
                  .body = body,
                  .most_bytes = kMostAnswer};
  ask.once = ask.method == "POST" || most;
  if (most) ask.most_time = std::min(*most, ask.most_time);
  if (!body.empty()) ask.headers.emplace_back("content-type", "application/json");
  const auto answer = web_->ask(ask);
  if (!answer) return wrong(answer.error().code, answer.error().message);
  if (answer->status >= 200 && answer->status < 300) return answer;
  const bool unknown = answer->status == 401 || answer->status == 403;
  const ErrorCode code = unknown                 ? ErrorCode::kDenied
                         : answer->status == 404 ? ErrorCode::kNotFound
                         : answer->status == 400 ? ErrorCode::kInvalidArgument
                                                 : ErrorCode::kUnavailable;
  return wrong(code, fmt::format("it answers {}: {}{}", answer->status, said(*answer),
                                 unknown ? "; its token_file in content.toml holds what it gave you" : ""));
}

Result<void> PinningService::list(const Which& which, const std::function<bool(const ServicePin&)>& each) {
  std::unordered_set<std::string> seen;
  std::string before;
  uint64_t bytes = 0;
  const auto until = std::chrono::steady_clock::now() + kMostListing;
  for (size_t pages = 0;; ++pages) {
    if (pages == kMostPages || bytes > kMostListed || std::chrono::steady_clock::now() > until)
      return wrong(ErrorCode::kLimit,
                   fmt::format("its list goes on after {} pages of {} bytes in all", pages, bytes));
    const web::WebAnswer answer = BERTH_TRY(call("GET", query_of(which, before)));
    bytes += answer.body.size();
    const json whole = web::parse_shallow(answer.body, kDeepest);
    const auto results = whole.is_object() ? whole.find("results") : whole.end();
    if (results == whole.end() || !results->is_array())
      return wrong(ErrorCode::kUnavailable, "its answer is no list of pins");
    const size_t known = seen.size();
    std::string oldest;
    for (const json& entry : *results) {
      const auto pin = read_pin(entry);
      if (!pin) return wrong(ErrorCode::kUnavailable, "its list has something that is no pin");
      if (oldest.empty() || pin->created < oldest) oldest = pin->created;
      if (!seen.insert(pin->request).second) continue;
      if (seen.size() > kMostPins)
        return wrong(ErrorCode::kLimit, fmt::format("it lists more than {} pins", kMostPins));
      if (!each(*pin)) return {};
    }
    const json count = whole.value("count", json());
    const bool more = count.is_number_unsigned() && count.get<uint64_t>() > results->size();
    if (results->empty() || !more) return {};
    // The next page begins before the oldest of this one; `count` says how many are left from there on.
    if (seen.size() == known || oldest.empty() || oldest == before)
      return wrong(ErrorCode::kUnavailable, "it gives the same page of its list again and again");
    before = oldest;
  }
}

Result<ServicePin> PinningService::add(const Cid& cid, std::string_view name,
                                       const std::vector<std::string>& origins) {
  if (name.size() > kLongestName)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("a name of {} bytes: services take {} at most", name.size(), kLongestName));
  json pin = {{"cid", cid.text()}};
  if (!name.empty()) pin["name"] = name;
  if (!origins.empty()) pin["origins"] = origins;
  const std::string body = pin.dump(-1, ' ', false, json::error_handler_t::replace);
  const web::WebAnswer answer = BERTH_TRY(call("POST", "/pins", body));
  auto added = read_pin(web::parse_shallow(answer.body, kDeepest));
  if (!added) return wrong(ErrorCode::kUnavailable, "its answer is no pin");
  if (!is_of(added->cid, cid)) return wrong(ErrorCode::kUnavailable, "its answer is no such pin");
  return *std::move(added);
}

Result<ServicePin> PinningService::look(std::string_view request, const Cid& cid,
                                        std::chrono::nanoseconds most) {
  const web::WebAnswer answer = BERTH_TRY(call("GET", "/pins/" + to_percent(request), {}, most));
  auto pin = read_pin(web::parse_shallow(answer.body, kDeepest));
  if (!pin || pin->request != request || !is_of(pin->cid, cid))
    return wrong(ErrorCode::kUnavailable, "its answer is no such pin");
  return *std::move(pin);
}

Result<void> PinningService::remove(std::string_view request) {
  BERTH_TRY(call("DELETE", "/pins/" + to_percent(request)));
  return {};
}

}  // namespace berth::content
