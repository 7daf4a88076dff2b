// SPDX-License-Identifier: Apache-2.0
#include "serve/gateway.h"

#include <fmt/format.h>

#include <utility>

namespace berth::serve {
namespace {

constexpr uint16_t kUnavailable = 503;
constexpr uint16_t kClientGone = 499;
/// What is handed to the engine at once.
constexpr size_t kPiece = 256 << 10;
constexpr uint16_t kNotModified = 304;

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

  /// That was all of it: otherwise the client is cut off.
  Result<void> end() {
    BERTH_TRY_VOID(hand_over(piece_));
    body_->end();
    return {};
  }

  /// Of one that hasn't begun.
  engine::Completion give_back() && {
    return std::move(completion_);
  }

 private:
  Result<void> hand_over(std::string_view bytes) {
    if (!begun_) {
      begun_ = true;
      engine::OwnAnswer head = head_;
      // Said in so many words, it is there for HEAD as well.
      if (head.length) head.headers.emplace_back("content-length", std::to_string(*head.length));
      body_ = completion_.answer(head);
    }
    if (!body_ || !body_->write(bytes, patience_))
      return fail(ErrorCode::kUnavailable, "the client takes no more");
    return {};
  }

  engine::Completion completion_;
  const engine::OwnAnswer& head_;
  const std::chrono::nanoseconds patience_;
  bool begun_ = false;
  std::optional<engine::AnswerBody> body_;
  std::string piece_;
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
  const GatewayReply reply = job.ask ? gateway_reply(*job.ask, source_) : std::move(job.reply);
  Outgoing out(*std::move(job.completion), reply.head, settings_.patience);
  const bool wanted = reply.body && !(job.ask && job.ask->head) && reply.head.status != kNotModified;
  const auto written =
      wanted ? reply.body([&](std::string_view bytes) { return out.write(bytes); }) : Result<void>();
  if (written) {
    std::ignore = out.end();
  } else if (!out.begun()) {
    // Nothing was said yet: what is wrong can be.
    const GatewayReply trouble = gateway_reply(written.error());
    Outgoing instead(std::move(out).give_back(), trouble.head, settings_.patience);
    if (trouble.body([&](std::string_view bytes) { return instead.write(bytes); }))
      std::ignore = instead.end();
  }
}

}  // namespace berth::serve
