// SPDX-License-Identifier: Apache-2.0
#include "providers/content/kubo.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cstddef>
#include <optional>

#include "base/os/file.h"
#include "base/os/thread.h"
#include "base/text_codes.h"
#include "policy/printable.h"
#include "providers/content/authorization.h"
#include "providers/content/pipe.h"
#include "web/foreign_json.h"

namespace berth::content {
namespace {

constexpr std::string_view kRpc = "/api/v0";
constexpr size_t kDeepest = 16;
constexpr uint64_t kMostAnswer = 1 << 20;
constexpr size_t kPiped = 4 << 20;
constexpr size_t kPiece = 256 << 10;
constexpr auto kMostTime = std::chrono::hours(24 * 30);
/// Where kubo says what went wrong after its answer had begun.
constexpr std::string_view kWrongBehind = "x-stream-error";

/// In a multipart/form-data, as its requests with files are.
struct Envelope {
  std::string type;
  std::string front;
  std::string back;
};

Envelope envelope() {
  std::array<std::byte, 16> random{};
  random_bytes(random);
  const std::string boundary = fmt::format("berth-{:02x}", fmt::join(random, ""));
  return {.type = fmt::format("multipart/form-data; boundary={}", boundary),
          .front = fmt::format(
              "--{}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"content.car\"\r\n"
              "content-type: application/octet-stream\r\n\r\n",
              boundary),
          .back = fmt::format("\r\n--{}--\r\n", boundary)};
}

/// A CAR between an envelope's parts, read as it is made by a thread of its own.
class Outgoing {
 public:
  Outgoing(const Envelope& envelope, std::atomic<uint64_t>& sent) : envelope_(envelope), sent_(sent) {}
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;
  ~Outgoing() {
    pipe_.leave();
  }

  Result<void> start(BlockSource& source, const Cid& root) {
    thread_ = BERTH_TRY(start_thread([this, &source, &root] {
      written_ = write_car(source, root, [this](std::string_view bytes) { return pipe_.write(bytes); });
      pipe_.finish(written_ ? Result<void>() : std::unexpected(written_.error()));
    }));
    return {};
  }

  Result<std::string_view> next() {
    if (at_ == At::kFront) {
      at_ = At::kCar;
      return envelope_.front;
    }
    if (at_ == At::kEnd) return std::string_view();
    const size_t got = BERTH_TRY(pipe_.read(piece_));
    sent_ += got;
    if (got > 0) return std::string_view(piece_.data(), got);
    at_ = At::kEnd;
    return envelope_.back;
  }

  /// Whether the connection asked for all of it; what was written may still be waiting here.
  bool is_taken() const {
    return at_ == At::kEnd;
  }

  /// What was written, and whether that came to its end; nothing more is.
  const Result<CarWritten>& written() {
    pipe_.leave();
    if (thread_.joinable()) thread_.join();
    return written_;
  }

 private:
  enum class At { kFront, kCar, kEnd };

  const Envelope& envelope_;
  std::atomic<uint64_t>& sent_;
  At at_ = At::kFront;
  std::vector<char> piece_ = std::vector<char>(kPiece);
  Pipe pipe_{kPiped};
  Result<CarWritten> written_ = fail(ErrorCode::kCancelled, "it was never begun");
  std::jthread thread_;
};

std::unexpected<Error> not_kubo(const std::string& url, std::string_view why) {
  return fail(ErrorCode::kUnavailable,
              fmt::format("{} isn't the RPC of a kubo node: {}. It is at port 5001 unless its configuration "
                          "(Addresses.API) says otherwise",
                          web::shown(url), why));
}

/// What it says in place of an answer: kubo's own errors, or a page of somebody who stands before it.
std::string said(const web::WebAnswer& answer) {
  const auto json = web::parse_shallow(answer.body, kDeepest);
  const std::string message = json.is_object() ? web::text_of(json, "Message") : answer.body;
  return message.empty() ? "nothing more"
                         : policy::printable(message.substr(0, message.find_last_not_of("\r\n ") + 1));
}

std::unexpected<Error> no_root(std::string_view why) {
  return fail(ErrorCode::kUnavailable, fmt::format("its answer isn't that of 'dag import': {}", why));
}

/// Looks whether lines of JSON say that the root is pinned and that all blocks came.
Result<void> check_imported(std::string_view lines, const Cid& root, const CarWritten& written) {
  bool pinned = false;
  bool counted = false;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    if (line.empty()) continue;
    const auto entry = web::parse_shallow(line, kDeepest);
    if (!entry.is_object()) return no_root(fmt::format("{} is no JSON", policy::quoted(line)));
    if (const auto stats = entry.find("Stats"); stats != entry.end() && stats->is_object()) {
      const uint64_t blocks = stats->value("BlockCount", nlohmann::json()).is_number_unsigned()
                                  ? stats->at("BlockCount").get<uint64_t>()
                                  : 0;
      if (blocks != written.blocks)
        return no_root(fmt::format("it took {} of {} blocks", blocks, written.blocks));
      counted = true;
    }
    const auto found = entry.find("Root");
    if (found == entry.end() || !found->is_object()) continue;
    if (const std::string why = web::text_of(*found, "PinErrorMsg"); !why.empty())
      return fail(ErrorCode::kUnavailable, fmt::format("it took all blocks and can't pin {}: {}", root.text(),
                                                       policy::printable(why)));
    const auto link = found->find("Cid");
    const std::string text = link != found->end() && link->is_object() ? web::text_of(*link, "/") : "";
    const auto cid = Cid::parse(text);
    if (!cid || *cid != root)
      return no_root(fmt::format("it pinned {} and not {}", policy::quoted(text), root.text()));
    pinned = true;
  }
  if (!pinned) return no_root("it says nothing of the root");
  return counted ? Result<void>() : no_root("it doesn't say how many blocks it took");
}

}  // namespace

Result<std::unique_ptr<Kubo>> Kubo::create(const std::string& given, web::WebOptions web,
                                           std::chrono::nanoseconds patience, std::string authorization) {
  const auto url = base_url(given, kRpc);
  if (!url)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is no node: write http://127.0.0.1:5001 or https://HOST, without a password",
                            refused_url(given)));
  BERTH_TRY_VOID(check_secret_way(*url, authorization));
  web.tries = 1;
  web.span = patience;
  web.least_bytes = 1;
  auto client = BERTH_TRY(web::Web::create(*url, std::move(web)));
  return std::unique_ptr<Kubo>(new Kubo(*url, std::move(client), std::move(authorization)));
}

Result<web::WebAnswer> Kubo::call(web::WebAsk ask, std::string_view command) {
  ask.method = "POST";
  ask.url = fmt::format("{}{}/{}", url_, kRpc, command);
  ask.authorization = authorization_;
  ask.most_bytes = kMostAnswer;
  ask.most_time = kMostTime;
  web::WebAnswer answer = BERTH_TRY(web_->ask(ask));
  if (answer.status == 401 || answer.status == 403)
    return fail(
        ErrorCode::kDenied,
        fmt::format("{} {} (it answers {}: {}): --auth-file FILE or BERTH_CONTENT_AUTH names a file with "
                    "bearer:TOKEN or basic:USER:PASSWORD",
                    web::shown(url_),
                    authorization_.empty() ? "wants credentials" : "doesn't take these credentials",
                    answer.status, said(answer)));
  if (answer.status == 404) return not_kubo(url_, "it answers 404");
  if (answer.status != 200)
    return fail(ErrorCode::kUnavailable,
                fmt::format("{} answers {}: {}", web::shown(url_), answer.status, said(answer)));
  if (const auto wrong = answer.trailers.find(std::string(kWrongBehind)); wrong != answer.trailers.end())
    return fail(ErrorCode::kUnavailable,
                fmt::format("{} broke off: {}", web::shown(url_), policy::printable(wrong->second)));
  return answer;
}

Result<std::string> Kubo::version() {
  const web::WebAnswer answer = BERTH_TRY(call({}, "version"));
  const auto json = web::parse_shallow(answer.body, kDeepest);
  const std::string version = json.is_object() ? web::text_of(json, "Version") : "";
  if (version.empty()) return not_kubo(url_, "it says no version");
  return policy::printable(version, 40);
}

Result<CarWritten> Kubo::import(BlockSource& source, const Cid& root, std::atomic<uint64_t>& sent) {
  const Envelope around = envelope();
  Outgoing outgoing(around, sent);
  BERTH_TRY_VOID(outgoing.start(source, root));
  const auto answer =
      call({.headers = {{"content-type", around.type}}, .next = [&] { return outgoing.next(); }},
           "dag/import?pin-roots=true&stats=true");
  // What lacks here is no fault of the node's.
  const Result<CarWritten>& written = outgoing.written();
  if (!written && written.error().code != ErrorCode::kCancelled) return written;
  if (!answer) return std::unexpected(answer.error());
  if (!written || !outgoing.is_taken()) return not_kubo(url_, "it answers before everything was sent");
  if (const auto checked = check_imported(answer->body, root, *written); !checked)
    return fail(checked.error().code, fmt::format("{}: {}", web::shown(url_), checked.error().message));
  return written;
}

Result<void> Kubo::pin(const Cid& root, std::string_view name) {
  BERTH_TRY(call({}, fmt::format("pin/add?arg={}&name={}", root.text(), to_percent(name))));
  return {};
}

Result<void> Kubo::unpin(const Cid& root) {
  const auto done = call({}, fmt::format("pin/rm?arg={}", root.text()));
  if (done) return {};
  if (done.error().message.find("not pinned") != std::string::npos)
    return fail(ErrorCode::kNotFound, fmt::format("{} isn't pinned at {}", root.text(), web::shown(url_)));
  return std::unexpected(done.error());
}

}  // namespace berth::content
