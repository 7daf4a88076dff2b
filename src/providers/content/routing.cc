// SPDX-License-Identifier: Apache-2.0
#include "providers/content/routing.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/printable.h"
#include "providers/content/ipns.h"
#include "providers/content/multiaddr.h"
#include "web/foreign_json.h"

namespace berth::content {
namespace {

constexpr std::string_view kHttpProtocol = "transport-ipfs-gateway-http";
constexpr std::string_view kRecordType = "application/vnd.ipfs.ipns-record";
constexpr std::string_view kLines = "application/x-ndjson";
constexpr size_t kDeepest = 16;
constexpr size_t kLongestLine = 64 << 10;
constexpr uint64_t kMostAnswer = 1 << 20;
constexpr auto kMostTime = std::chrono::seconds(15);
constexpr size_t kMostProviders = 1000;
constexpr size_t kMostAddresses = 32;

std::unexpected<Error> refused(const web::WebAnswer& answer, std::string_view doing) {
  const bool never = answer.status == 405 || answer.status == 501;
  const ErrorCode code = answer.status == 404 ? ErrorCode::kNotFound
                         : never              ? ErrorCode::kUnsupported
                                              : ErrorCode::kUnavailable;
  return fail(code,
              fmt::format("{}: {} answers {}", doing, web::shown(web::origin_of(answer.url)), answer.status));
}

/// Nothing where it says nothing of a provider.
std::optional<Provider> read_provider(const nlohmann::json& entry) {
  if (!entry.is_object()) return std::nullopt;
  Provider provider{.id = web::text_of(entry, "ID"),
                    .protocols = web::texts_of(entry, "Protocols"),
                    .addresses = web::texts_of(entry, "Addrs")};
  // As older routers write it, one line a protocol.
  if (const std::string one = web::text_of(entry, "Protocol"); !one.empty())
    provider.protocols.push_back(one);
  if (provider.addresses.size() > kMostAddresses) provider.addresses.resize(kMostAddresses);
  if (provider.id.empty() && provider.addresses.empty()) return std::nullopt;
  if (std::ranges::find(provider.protocols, kHttpProtocol) != provider.protocols.end()) {
    for (const std::string& address : provider.addresses) {
      if (auto url = url_of_multiaddr(address)) provider.gateways.push_back(*std::move(url));
    }
  }
  return provider;
}

/// Takes an answer apart as it comes.
class Reader {
 public:
  explicit Reader(const std::function<bool(const Provider&)>& each) : each_(each) {}

  bool lines = false;

  Result<void> take(std::string_view bytes) {
    held_ += bytes;
    if (!lines) return {};
    size_t begin = 0;
    for (size_t end = 0; (end = held_.find('\n', begin)) != std::string::npos; begin = end + 1)
      BERTH_TRY_VOID(give(web::parse_shallow(std::string_view(held_).substr(begin, end - begin), kDeepest)));
    held_.erase(0, begin);
    if (held_.size() > kLongestLine) return fail(ErrorCode::kLimit, "a line of its answer is too long");
    return {};
  }

  Result<void> finish() {
    const auto whole = web::parse_shallow(held_, kDeepest);
    if (lines) return give(whole);
    const auto list = whole.is_object() ? whole.find("Providers") : whole.end();
    if (!whole.is_object() || (list != whole.end() && !list->is_array() && !list->is_null()))
      return fail(ErrorCode::kUnavailable, "its answer is no list of providers");
    if (list == whole.end() || !list->is_array()) return {};
    for (const auto& entry : *list) BERTH_TRY_VOID(give(entry));
    return {};
  }

  /// It was asked to end.
  bool is_enough() const {
    return enough_;
  }

 private:
  Result<void> give(const nlohmann::json& entry) {
    const auto provider = read_provider(entry);
    if (!provider) return {};
    enough_ = !each_(*provider) || ++count_ == kMostProviders;
    if (enough_) return fail(ErrorCode::kCancelled, "it is enough");
    return {};
  }

  const std::function<bool(const Provider&)>& each_;
  std::string held_;
  size_t count_ = 0;
  bool enough_ = false;
};

}  // namespace

Result<std::unique_ptr<Router>> Router::create(std::string url, web::WebOptions web) {
  while (url.ends_with('/')) url.pop_back();
  if (url.ends_with("/routing/v1")) url.resize(url.size() - std::string_view("/routing/v1").size());
  web.tries = 2;
  if (web::authority_of(url).empty() || url.find_first_of("?# ") != std::string::npos)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is no router: write https://HOST, without /routing/", policy::quoted(url)));
  auto client = BERTH_TRY(web::Web::create(url, std::move(web)));
  return std::unique_ptr<Router>(new Router(std::move(url), std::move(client)));
}

bool Router::is_local() const {
  return web_->is_home_special();
}

void Router::stop() const {
  web_->stop();
}

Result<void> Router::providers(const Cid& cid, Kind kind, const std::function<bool(const Provider&)>& each) {
  Reader reader(each);
  web::WebAsk ask{
      .url = fmt::format("{}/routing/v1/providers/{}{}", url_, Cid::v1(cid.codec, cid.hash).text(),
                         kind == Kind::kGateways ? fmt::format("?filter-protocols={}", kHttpProtocol) : ""),
      .headers = {{"accept", fmt::format("{}, application/json;q=0.9", kLines)}},
      .most_bytes = kMostAnswer,
      .most_time = kMostTime};
  ask.head = [&](const engine::AnswerHead& head) -> Result<void> {
    reader.lines = head.header("content-type").starts_with(kLines);
    return {};
  };
  ask.bytes = [&](std::string_view bytes) { return reader.take(bytes); };
  const auto answer = web_->ask(ask);
  if (reader.is_enough()) return {};
  if (!answer) return std::unexpected(answer.error());
  if (answer->status == 404) return {};
  if (answer->status != 200) return refused(*answer, "asking who has it");
  const auto done = reader.finish();
  if (!done && !reader.is_enough())
    return fail(done.error().code, fmt::format("{}: {}", web::shown(url_), done.error().message));
  return {};
}

Result<std::string> Router::record(const Cid& name) {
  const web::WebAnswer answer =
      BERTH_TRY(web_->ask({.url = fmt::format("{}/routing/v1/ipns/{}", url_, name.text(Base::kBase36)),
                           .headers = {{"accept", std::string(kRecordType)}},
                           .most_bytes = kMostRecord}));
  if (answer.status != 200) return refused(answer, "asking where the name leads");
  return answer.body;
}

Result<void> Router::put_record(const Cid& name, std::string_view record) {
  const web::WebAnswer answer =
      BERTH_TRY(web_->ask({.method = "PUT",
                           .url = fmt::format("{}/routing/v1/ipns/{}", url_, name.text(Base::kBase36)),
                           .headers = {{"content-type", std::string(kRecordType)}},
                           .body = record}));
  if (answer.status < 200 || answer.status > 299) return refused(answer, "publishing the name");
  return {};
}

}  // namespace berth::content
