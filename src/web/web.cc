// SPDX-License-Identifier: Apache-2.0
#include "web/web.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <random>

#include "policy/host.h"
#include "policy/printable.h"
#include "policy/special_range.h"

namespace berth::web {
namespace {

using namespace std::chrono_literals;

constexpr int kMostRedirects = 5;
constexpr size_t kLongestUrl = 8 << 10;
constexpr uint64_t kMostOfError = 64 << 10;
constexpr auto kFirstPause = 200ms;
constexpr auto kLongestPause = 30s;

bool is_redirect(const WebAnswer& answer) {
  constexpr std::array<uint16_t, 5> kStatuses{301, 302, 303, 307, 308};
  return std::ranges::find(kStatuses, answer.status) != kStatuses.end() &&
         answer.headers.contains("location");
}

bool is_success(uint16_t status) {
  return status >= 200 && status < 300;
}

/// It may be another answer in a while.
bool is_passing(uint16_t status) {
  return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

std::optional<std::chrono::seconds> retry_after(const WebAnswer& answer) {
  const std::string text = answer.header("retry-after");
  uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return std::chrono::seconds(seconds);
}

/// Twice as long each time, and for each client another while.
std::chrono::milliseconds pause_before(int attempt) {
  static thread_local std::minstd_rand random(std::random_device{}());
  const auto whole = kFirstPause * (1 << std::min(attempt, 10));
  return std::min<std::chrono::milliseconds>(whole / 2 + whole * static_cast<int>(random() % 1000) / 1000,
                                             kLongestPause);
}

/// Takes one answer, within its bounds.
struct Taken {
  const WebAsk& ask;
  WebAnswer answer = {};
  std::optional<Error> wrong = {};
  uint64_t bytes = 0;

  bool head(const engine::AnswerHead& head) {
    answer.status = head.status;
    for (const auto& [name, value] : head.headers) answer.headers.emplace(name, value);
    if (ask.method == "HEAD" || is_redirect(answer)) return false;
    if (!is_success(head.status)) return true;
    if (const auto coding = head.header("content-encoding"); !coding.empty() && coding != "identity") {
      return stop(
          fail(ErrorCode::kDenied, fmt::format("the answer is compressed ({}), which wasn't asked for",
                                               policy::printable(coding.substr(0, 40)))));
    }
    if (!ask.head) return true;
    const auto wanted = ask.head(head);
    return wanted ? true : stop(std::unexpected(wanted.error()));
  }

  bool take(std::string_view piece) {
    if (!is_success(answer.status)) {
      answer.body += piece.substr(0, kMostOfError - answer.body.size());
      return answer.body.size() < kMostOfError;
    }
    bytes += piece.size();
    if (bytes > ask.most_bytes)
      return stop(
          fail(ErrorCode::kLimit,
               fmt::format("the answer is longer than the {} bytes that it may have", ask.most_bytes)));
    if (!ask.bytes) {
      answer.body += piece;
      return true;
    }
    const auto taken = ask.bytes(piece);
    return taken ? true : stop(std::unexpected(taken.error()));
  }

  bool stop(std::unexpected<Error> error) {
    wrong = std::move(error).error();
    return false;
  }
};

}  // namespace

std::string WebAnswer::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

std::string shown(std::string_view url) {
  return policy::printable(url.substr(0, url.find('?')));
}

bool is_loopback(std::string_view host) {
  const size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos)
    host = host.substr(0, colon);
  const auto parsed = policy::parse_host(host);
  if (!parsed) return false;
  if (parsed->kind == policy::HostKind::kName) return policy::is_local_name(parsed->name);
  if (parsed->kind != policy::HostKind::kNetwork) return false;
  const auto* const range = policy::special_range_of(parsed->network);
  return range != nullptr && range->name == "loopback";
}

std::string origin_of(std::string_view url) {
  const size_t slashes = url.find("://");
  if (slashes == std::string_view::npos) return {};
  return std::string(url.substr(0, url.find_first_of("/?#", slashes + 3)));
}

std::string authority_of(std::string_view url) {
  const std::string origin = origin_of(url);
  return origin.empty() ? origin : origin.substr(origin.find("://") + 3);
}

std::string resolve_url(std::string_view base, std::string_view location) {
  location = location.substr(0, location.find('#'));
  if (location.empty() || location.size() > kLongestUrl) return {};
  if (std::ranges::any_of(location, [](char c) { return c <= ' ' || c == 127; })) return {};
  if (location.find("://") < location.find_first_of("/?")) return std::string(location);
  const std::string origin = origin_of(base);
  if (location.starts_with("//")) return origin.substr(0, origin.find("//")) + std::string(location);
  if (location.starts_with('/')) return origin + std::string(location);
  const std::string_view path = base.substr(0, base.find('?'));
  if (location.starts_with('?')) return std::string(path) + std::string(location);
  const size_t slash = path.rfind('/');
  return slash < origin.size() ? fmt::format("{}/{}", origin, location)
                               : fmt::format("{}{}", path.substr(0, slash + 1), location);
}

Web::Web(std::unique_ptr<engine::Client> client, std::string home, WebOptions options)
    : client_(std::move(client)), home_(std::move(home)), options_(std::move(options)) {}

Result<std::unique_ptr<Web>> Web::create(const std::string& home, WebOptions options) {
  auto client = engine::Client::create(options.roots);
  if (!client)
    return fail(client.error().code, fmt::format("the certificates to trust: {}", client.error().message));
  auto web = std::unique_ptr<Web>(new Web(*std::move(client), authority_of(home), std::move(options)));
  BERTH_TRY_VOID(web->check_scheme(home, false));
  return web;
}

Result<void> Web::check_scheme(const std::string& url, bool from_tls) const {
  if (url.starts_with("https://")) return {};
  if (!url.starts_with("http://"))
    return fail(ErrorCode::kDenied, fmt::format("'{}' is neither https:// nor http://", shown(url)));
  if (from_tls)
    return fail(
        ErrorCode::kDenied,
        fmt::format("it leads from https:// to '{}', which anybody on the way could change", shown(url)));
  if (options_.plain_http || is_loopback(authority_of(url))) return {};
  return fail(ErrorCode::kDenied, fmt::format("'{}' is plain HTTP, which anybody on the way could read and "
                                              "change: use https://, or allow it with "
                                              "--plain-http",
                                              shown(url)));
}

bool Web::is_special(std::string_view address) const {
  if (!options_.public_address.empty() && address == options_.public_address) return false;
  const auto parsed = policy::parse_address(address);
  return !parsed || policy::special_range_of(*parsed) != nullptr;
}

bool Web::may_reach(const std::string& authority, std::string_view address) const {
  // Whoever wrote the name named that server.
  if (authority == home_) return !options_.only_public || !is_special(address);
  return home_special_.value_or(false) || !is_special(address);
}

Result<WebAnswer> Web::once(const WebAsk& ask, const std::string& url, bool with_credentials) {
  engine::Ask asked{.method = ask.method,
                    .url = url,
                    .headers = ask.headers,
                    .body = ask.body,
                    .streams = static_cast<bool>(ask.next),
                    .most_bytes = UINT64_MAX,  // held here, where an error page is none
                    .span = options_.span,
                    .least_bytes = options_.least_bytes,
                    .most_time = ask.most_time};
  asked.headers.emplace_back("user-agent", "berth/" BERTH_VERSION);
  if (with_credentials && !ask.authorization.empty())
    asked.headers.emplace_back("authorization", ask.authorization);
  const std::string authority = authority_of(url);
  Taken taken{.ask = ask};
  const engine::AnswerTaker taker{
      .may_reach = [&](std::string_view address) { return may_reach(authority, address); },
      .head =
          [&](const engine::AnswerHead& head) {
            if (authority == home_) home_special_ = is_special(head.address);
            return taken.head(head);
          },
      .bytes = [&](std::string_view piece) { return taken.take(piece); },
      .trailers =
          [&](const engine::AnswerHead& behind) {
            for (const auto& [name, value] : behind.headers) taken.answer.trailers.emplace(name, value);
          },
      .next =
          [&](std::string_view& piece) {
            const auto next = ask.next();
            if (next) piece = *next;
            return next ? true : taken.stop(std::unexpected(next.error()));
          }};
  const auto done = client_->fetch(asked, taker);
  if (taken.wrong) return fail(taken.wrong->code, fmt::format("'{}': {}", shown(url), taken.wrong->message));
  if (!done && done.error().code == ErrorCode::kDenied && authority == home_)
    return fail(ErrorCode::kDenied,
                fmt::format("'{}' leads to the address {}, which is no public one: that is refused, since "
                            "somebody else named that server",
                            shown(origin_of(url)), done.error().message));
  if (!done && done.error().code == ErrorCode::kDenied) {
    return fail(
        ErrorCode::kDenied,
        fmt::format("{} is public and leads to '{}', whose address {} isn't: that is refused, since what is "
                    "there is none of its business",
                    home_, shown(origin_of(url)), done.error().message));
  }
  if (!done) return fail(done.error().code, fmt::format("'{}': {}", shown(url), done.error().message));
  taken.answer.url = url;
  return std::move(taken.answer);
}

void Web::stop() const {
  stopped_.request_stop();
  client_->stop();
}

Result<WebAnswer> Web::through_redirects(const WebAsk& ask) {
  std::string url = ask.url;
  for (int redirects = 0;; ++redirects) {
    WebAnswer answer = BERTH_TRY(once(ask, url, origin_of(url) == origin_of(ask.url)));
    if (!is_redirect(answer) || (ask.method != "GET" && ask.method != "HEAD")) return answer;
    if (redirects == kMostRedirects)
      return fail(ErrorCode::kDenied,
                  fmt::format("'{}' leads on more than {} times", shown(ask.url), kMostRedirects));
    std::string next = resolve_url(url, answer.header("location"));
    if (next.empty()) return fail(ErrorCode::kUnavailable, fmt::format("'{}' leads to no URL", shown(url)));
    BERTH_TRY_VOID(check_scheme(next, url.starts_with("https://")));
    url = std::move(next);
  }
}

Result<WebAnswer> Web::ask(const WebAsk& ask) {
  BERTH_TRY_VOID(check_scheme(ask.url, false));
  uint64_t delivered = 0;
  WebAsk counted = ask;
  if (ask.bytes) {
    counted.bytes = [&](std::string_view piece) {
      delivered += piece.size();
      return ask.bytes(piece);
    };
  }
  for (int attempt = 0;; ++attempt) {
    auto answer = through_redirects(counted);
    const bool passing = answer ? is_passing(answer->status) : answer.error().code == ErrorCode::kUnavailable;
    // What was handed over, either way, can't be taken back.
    if (!passing || delivered > 0 || ask.once || ask.next || attempt + 1 >= options_.tries) return answer;
    auto pause = pause_before(attempt);
    if (const auto asked = answer ? retry_after(*answer) : std::nullopt) {
      if (*asked > kLongestPause) return answer;
      pause = std::max<std::chrono::milliseconds>(pause, *asked);
    }
    std::mutex alone;
    std::unique_lock guard(alone);
    std::condition_variable_any().wait_for(guard, stopped_.get_token(), pause, [] { return false; });
    if (stopped_.stop_requested())
      return fail(ErrorCode::kCancelled, fmt::format("'{}': it was stopped", shown(ask.url)));
  }
}

}  // namespace berth::web
