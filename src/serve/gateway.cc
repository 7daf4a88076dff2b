// SPDX-License-Identifier: Apache-2.0
#include "serve/gateway.h"

#include <algorithm>
#include <utility>

namespace berth::serve {
namespace {

constexpr uint16_t kUnavailable = 503;
constexpr uint16_t kClientGone = 499;
/// What is handed to the engine at once.
constexpr size_t kPiece = 256 << 10;
constexpr uint16_t kNotModified = 304;
/// Bytes a second that a client takes, when it has been waited for.
constexpr uint64_t kLeastRate = 16 << 10;

/// An answer on its way: small pieces go out together, and the first of them with the head.
class Outgoing {
 public:
  /// `head` outlives it.
  Outgoing(engine::Completion completion, const engine::OwnAnswer& head, std::chrono::nanoseconds patience)
      : completion_(std::move(completion)), head_(head), patience_(patience) {}

  /// Whether the head has gone out.
  bool begun() const {
    return begun_;
  }

  Result<void> write(std::string_view bytes) {
    if (piece_.size() + bytes.size() < kPiece) {
      piece_ += bytes;
      return {};
    }
    BERTH_TRY_VOID(hand_over(std::exchange(piece_, {})));
    for (; bytes.size() > kPiece; bytes.remove_prefix(kPiece))
      BERTH_TRY_VOID(hand_over(bytes.substr(0, kPiece)));
    piece_ = bytes;
    return {};
  }

  /// Nobody waits for it any more.
  bool gone() const {
    return body_ ? body_->gone() : begun_ || completion_.gone();
  }

  /// That was all of it: otherwise the client is cut off.
  Result<void> end() {
    BERTH_TRY_VOID(hand_over(piece_));
    body_->end(patience_);
    return {};
  }

  /// Of one that hasn't begun.
  engine::Completion give_back() && {
    return std::move(completion_);
  }

 private:
  Result<void> begin() {
    begun_ = true;
    engine::OwnAnswer head = head_;
    // Said in so many words, it is there for HEAD as well.
    if (head.length) head.headers.emplace_back("content-length", std::to_string(*head.length));
    body_ = completion_.answer(head);
    if (!body_) return fail(ErrorCode::kUnavailable, "nobody waits for an answer");
    return {};
  }

  /// A client may be slow, and not slower than `kLeastRate` all in all.
  Result<void> hand_over(std::string_view bytes) {
    if (!begun_) BERTH_TRY_VOID(begin());
    const auto allowed = patience_ + std::chrono::seconds(given_ / kLeastRate) - waited_;
    const auto before = std::chrono::steady_clock::now();
    if (!body_ || !body_->write(bytes, std::max(allowed, std::chrono::nanoseconds(0))))
      return fail(ErrorCode::kUnavailable, "the client takes no more");
    waited_ += std::chrono::steady_clock::now() - before;
    given_ += bytes.size();
    return {};
  }

  engine::Completion completion_;
  const engine::OwnAnswer& head_;
  const std::chrono::nanoseconds patience_;
  bool begun_ = false;
  std::optional<engine::AnswerBody> body_;
  std::string piece_;
  uint64_t given_ = 0;  // bytes
  std::chrono::nanoseconds waited_{0};
};

/// Content for one answer, as long as somebody waits for it.
class Wanted final : public content::BlockSource {
 public:
  Wanted(content::BlockSource& blocks, std::function<bool()> gone)
      : blocks_(blocks), gone_(std::move(gone)) {}

  Result<std::string> get(const content::Cid& cid) override {
    if (gone_()) return fail(ErrorCode::kCancelled, "nobody waits for an answer");
    return blocks_.get(cid);
  }

 private:
  content::BlockSource& blocks_;
  const std::function<bool()> gone_;
};

}  // namespace

/// A request, from its head to its line in the log.
class Gateway::Asked final : public engine::Request {
 public:
  Asked(Gateway& gateway, const engine::RequestHead& head, Job job)
      : gateway_(gateway), job_(std::move(job)), began_(std::chrono::steady_clock::now()) {
    if (gateway_.log_ == nullptr) return;
    entry_.time = std::chrono::system_clock::now();
    entry_.method = head.method;
    entry_.host = head.host;
    entry_.path = head.path;
    entry_.peer = head.peer;
  }

  void wait(engine::Completion completion) noexcept override {
    job_.completion = std::move(completion);
    // Dropped where there are too many: that is 503.
    std::ignore = gateway_.add(std::move(job_));
  }
  void served(uint16_t, const engine::Served&) noexcept override {}
  void finished(const engine::Finished& finished) noexcept override {
    if (gateway_.log_ == nullptr) return;
    entry_.status = finished.status == 0 ? kClientGone : finished.status;
    entry_.received_bytes = finished.received_bytes;
    entry_.sent_bytes = finished.sent_bytes;
    entry_.duration = std::chrono::steady_clock::now() - began_;
    gateway_.log_->add(std::move(entry_));
  }

 private:
  Gateway& gateway_;
  Job job_;
  const std::chrono::steady_clock::time_point began_;
  AccessEntry entry_;
};

Gateway::Gateway(GatewaySource source, GatewaySettings settings, AccessLog* log,
                 std::function<void(uint64_t)> drained)
    : source_(std::move(source)), settings_(settings), log_(log), drained_(std::move(drained)) {
  for (size_t i = 0; i < settings_.at_once; ++i) threads_.emplace_back([this] { run(); });
}

Gateway::~Gateway() {
  {
    const std::scoped_lock held(lock_);
    ending_ = true;
    waiting_.clear();
  }
  more_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

engine::Decision Gateway::route(const engine::RequestHead& head) noexcept {
  Job job;
  if (head.refused == 0 && head.method == "OPTIONS") {
    job.reply = gateway_preflight();
  } else if (head.refused == 0) {
    auto ask = read_gateway_ask({.method = head.method,
                                 .target = head.path,
                                 .accept = head.headers.get("accept"),
                                 .cache_control = head.headers.get("cache-control"),
                                 .if_none_match = head.headers.get("if-none-match"),
                                 .range = head.headers.get("range"),
                                 .if_range = head.headers.get("if-range")});
    if (ask) {
      job.ask = *std::move(ask);
    } else {
      job.reply = gateway_reply(ask.error());
    }
  }
  auto request = std::make_unique<Asked>(*this, head, std::move(job));
  return {.route = {.status = kUnavailable, .retry_after = std::chrono::seconds(1)},
          .wait = settings_.queue_time,
          .request = std::move(request)};
}

bool Gateway::add(Job job) {
  {
    const std::scoped_lock held(lock_);
    if (waiting_.size() >= settings_.queue)
      std::erase_if(waiting_, [](const Job& waits) { return waits.completion->gone(); });
    if (ending_ || waiting_.size() >= settings_.queue) return false;
    waiting_.push_back(std::move(job));
  }
  more_.notify_one();
  return true;
}

void Gateway::run() {
  std::unique_lock held(lock_);
  while (true) {
    more_.wait(held, [&] { return ending_ || !waiting_.empty(); });
    if (ending_) return;
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    held.unlock();
    answer(std::move(job));
    held.lock();
  }
}

void Gateway::answer(Job job) {
  engine::Completion completion = *std::move(job.completion);
  if (completion.gone()) return;
  // Until there is an answer on its way the request itself is looked at.
  std::function<bool()> gone = [&] { return completion.gone(); };
  Wanted wanted_blocks(*source_.blocks, [&] { return gone(); });
  GatewaySource source = source_;
  source.blocks = &wanted_blocks;
  const GatewayReply reply = job.ask ? gateway_reply(*job.ask, source) : std::move(job.reply);
  if (completion.gone()) return;
  Outgoing out(std::move(completion), reply.head, settings_.patience);
  gone = [&] { return out.gone(); };
  const bool wanted = reply.body && !(job.ask && job.ask->head) && reply.head.status != kNotModified;
  const auto written =
      wanted ? reply.body([&](std::string_view bytes) { return out.write(bytes); }) : Result<void>();
  if (written) {
    std::ignore = out.end();
  } else if (!out.begun() && !out.gone()) {
    // Nothing was said yet: what is wrong can be.
    const GatewayReply trouble = gateway_reply(written.error());
    Outgoing instead(std::move(out).give_back(), trouble.head, settings_.patience);
    if (trouble.body([&](std::string_view bytes) { return instead.write(bytes); }))
      std::ignore = instead.end();
  }
}

}  // namespace berth::serve
