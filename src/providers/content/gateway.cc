// SPDX-License-Identifier: Apache-2.0
#include "providers/content/gateway.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/unix_time.h"
#include "policy/printable.h"

namespace berth::content {
namespace {

constexpr size_t kMostLines = 4;
constexpr double kNewest = 0.3;  // of a moving average
constexpr double kRanked = 4 << 20;
constexpr double kUnknownFirstByte = 0.3;
constexpr double kUnknownRate = 10e6;
constexpr std::chrono::seconds kLiar{3600};
constexpr std::chrono::seconds kMostWait{3600};
constexpr std::chrono::seconds kBusyWait{10};
constexpr auto kMostTime = std::chrono::hours(24);

void follow(double& average, double value) {
  average = average == 0 ? value : average + kNewest * (value - average);
}

/// "dfs" of "application/vnd.ipld.car; version=1; order=dfs; dups=n".
std::string_view parameter(std::string_view type, std::string_view name) {
  for (size_t at = type.find(';'); at != std::string_view::npos; at = type.find(';', at)) {
    ++at;
    std::string_view one = type.substr(at, type.find(';', at) - at);
    while (one.starts_with(' ')) one.remove_prefix(1);
    if (one.starts_with(name) && one.substr(name.size()).starts_with('=')) return one.substr(name.size() + 1);
  }
  return {};
}

Result<void> check_head(const engine::AnswerHead& head, std::string_view wanted) {
  if (head.status != 200)
    return fail(ErrorCode::kInvalidArgument, fmt::format("it answers {} where 200 was to come", head.status));
  const std::string_view type = head.header("content-type");
  if (type.substr(0, type.find(';')) != wanted)
    return fail(ErrorCode::kInvalidArgument, fmt::format("wrong content-type: {} came, and {} was asked for",
                                                         policy::quoted(type), wanted));
  const std::string_view order = parameter(type, "order");
  if (!order.empty() && order != "dfs")
    return fail(ErrorCode::kUnsupported,
                fmt::format("its CARs come in the order {}, and dfs was asked for", policy::quoted(order)));
  return {};
}

std::chrono::seconds retry_after(const web::WebAnswer& answer) {
  const std::string text = answer.header("retry-after");
  uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) return kBusyWait;
  return std::min<std::chrono::seconds>(std::chrono::seconds(seconds), kMostWait);
}

ErrorCode code_of(uint16_t status) {
  switch (status) {
    case 400:
    case 405:
    case 406:
    case 415:
    case 501:
      return ErrorCode::kUnsupported;
    case 404:
    case 410:
      return ErrorCode::kNotFound;
    case 401:
    case 403:
    case 451:
      return ErrorCode::kDenied;
    default:
      return ErrorCode::kUnavailable;
  }
}

}  // namespace

double Standing::expected_seconds() const {
  const double first = first_byte_seconds > 0 ? first_byte_seconds : kUnknownFirstByte;
  const double rate = bytes_per_second > 0 ? bytes_per_second : kUnknownRate;
  return (first + kRanked / rate) * (1 + 4 * failing);
}

Failure failure_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::kNotFound:
      return Failure::kHasNot;
    case ErrorCode::kUnsupported:
      return Failure::kCant;
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kLimit:
      return Failure::kLied;
    default:
      return Failure::kBroke;
  }
}

Result<std::unique_ptr<Gateway>> Gateway::create(std::string url, web::WebOptions web) {
  while (url.ends_with('/')) url.pop_back();
  web.tries = 1;  // there are others
  if (web::authority_of(url).empty() || url.find_first_of("?# ") != std::string::npos)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is no gateway: write https://HOST, without /ipfs/", policy::quoted(url)));
  auto gateway = std::unique_ptr<Gateway>(new Gateway(std::move(url), std::move(web)));
  gateway->rest(BERTH_TRY(gateway->line()));
  return gateway;
}

Standing Gateway::standing() const {
  const std::lock_guard guard(lock_);
  return standing_;
}

void Gateway::set_standing(Standing standing) {
  const std::lock_guard guard(lock_);
  standing_ = std::move(standing);
}

Result<std::unique_ptr<web::Web>> Gateway::line() {
  {
    const std::lock_guard guard(lock_);
    if (!lines_.empty()) {
      auto line = std::move(lines_.back());
      lines_.pop_back();
      return line;
    }
  }
  return web::Web::create(url_, web_);
}

void Gateway::rest(std::unique_ptr<web::Web> line) {
  const std::lock_guard guard(lock_);
  if (lines_.size() < kMostLines) lines_.push_back(std::move(line));
}

Result<void> Gateway::ask(web::Web& line, web::WebAsk ask, std::string_view type, const Take& take) {
  ask.head = [type](const engine::AnswerHead& head) { return check_head(head, type); };
  ask.bytes = take;
  const web::WebAnswer answer = BERTH_TRY(line.ask(ask));
  if (answer.status == 200) return {};
  const bool busy = answer.status == 429 || (answer.status == 503 && !answer.header("retry-after").empty());
  const std::string said = fmt::format("{} answers {}", web::shown(url_), answer.status);
  if (busy) failed(Failure::kBusy, said, retry_after(answer));
  return fail(code_of(answer.status), said);
}

Result<void> Gateway::ask_block(web::Web& line, const Cid& cid, const Take& take) {
  constexpr std::string_view kType = "application/vnd.ipld.raw";
  return ask(line,
             {.url = fmt::format("{}/ipfs/{}?format=raw", url_, cid.text()),
              .headers = {{"accept", std::string(kType)}},
              .most_bytes = kMostBlock},
             kType, take);
}

Result<void> Gateway::ask_car(web::Web& line, const Wanted& wanted, const Take& take) {
  constexpr std::string_view kType = "application/vnd.ipld.car";
  return ask(line,
             {.url = fmt::format("{}/ipfs/{}&format=car", url_, wanted.url_part()),
              .headers = {{"accept", fmt::format("{}; version=1; order=dfs; dups=n", kType)}},
              .most_bytes = UINT64_MAX,
              .most_time = kMostTime},
             kType, take);
}

void Gateway::came(uint64_t blocks, uint64_t bytes, double first_byte_seconds, double seconds) {
  const std::lock_guard guard(lock_);
  ++standing_.asks;
  standing_.blocks += blocks;
  standing_.bytes += bytes;
  standing_.failing *= 1 - kNewest;
  follow(standing_.first_byte_seconds, first_byte_seconds);
  // Of a few bytes nobody knows how fast many would come.
  if (bytes >= 64 << 10 && seconds > 0)
    follow(standing_.bytes_per_second, static_cast<double>(bytes) / seconds);
}

void Gateway::failed(Failure failure, std::string_view why, std::chrono::seconds wait) {
  const std::lock_guard guard(lock_);
  ++standing_.asks;
  if (failure == Failure::kHasNot || failure == Failure::kCant) return;
  standing_.why = why;
  if (failure != Failure::kBusy) standing_.failing += kNewest * (1 - standing_.failing);
  if (failure == Failure::kLied) wait = std::max(wait, kLiar);
  if (wait.count() > 0) standing_.not_before = std::max(standing_.not_before, unix_seconds() + wait.count());
}

}  // namespace berth::content
