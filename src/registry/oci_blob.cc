// SPDX-License-Identifier: Apache-2.0
// How a blob comes: over one connection from where it was cut off, and where that is slow, in pieces over
// several.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "registry/oci.h"
#include "registry/refused.h"

namespace berth::registry {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int kTries = 5;
/// Tries are counted anew when so much has come.
constexpr uint64_t kProgress = 1 << 20;
constexpr uint64_t kPiece = 4 << 20;
constexpr size_t kConnections = 4;
/// One connection is slow when, after this, it would need longer than that for the rest.
constexpr auto kLookAfter = 1s;
constexpr auto kLongRest = 2s;

/// Where "bytes 5-9/10" begins.
std::optional<uint64_t> range_begin(std::string_view text) {
  uint64_t begin = 0;
  if (!text.starts_with("bytes ")) return std::nullopt;
  text.remove_prefix(6);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), begin);
  if (error != std::errc() || end == text.data() + text.size() || *end != '-') return std::nullopt;
  return begin;
}

/// Pieces in their order, whoever brings them.
class Pieces {
 public:
  Pieces(uint64_t begin, uint64_t end) : next_(begin), flushed_(begin), end_(end) {}

  struct Piece {
    uint64_t begin = 0;
    uint64_t end = 0;
  };

  std::optional<Piece> take() {
    const std::lock_guard guard(lock_);
    if (failed_ || next_ == end_) return std::nullopt;
    const Piece piece{.begin = next_, .end = std::min(next_ + kPiece, end_)};
    next_ = piece.end;
    return piece;
  }

  /// Waits for the pieces before it.
  void give(const Piece& piece, const Result<std::string>& bytes, Incoming& incoming, Transfer& transfer) {
    std::unique_lock guard(lock_);
    changed_.wait(guard, [&] { return failed_ || flushed_ == piece.begin; });
    if (failed_) return;
    const auto added = bytes ? incoming.add(*bytes) : std::unexpected(bytes.error());
    if (!added) failed_ = added.error();
    flushed_ = piece.end;
    transfer.done = incoming.have();
    changed_.notify_all();
  }

  Result<void> result() const {
    if (failed_) return std::unexpected(*failed_);
    return {};
  }

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  uint64_t next_;
  uint64_t flushed_;
  const uint64_t end_;
  std::optional<Error> failed_;
};

}  // namespace

std::chrono::seconds transfer_time(uint64_t bytes) {
  return 60s + std::chrono::seconds(bytes / 10'000);
}

web::WebAsk Repository::blob_ask(const Descriptor& descriptor, uint64_t begin, uint64_t end) const {
  web::WebAsk ask{.url = fmt::format("{}/blobs/{}", base_, descriptor.digest.text()),
                  .most_bytes = end - begin,
                  .most_time = transfer_time(end - begin)};
  if (end < descriptor.size) {
    ask.headers.emplace_back("range", fmt::format("bytes={}-{}", begin, end - 1));
  } else if (begin > 0) {
    ask.headers.emplace_back("range", fmt::format("bytes={}-", begin));
  }
  return ask;
}

/// `slow` says that it was left because others should help.
Result<void> Repository::rest_of_blob(const Descriptor& descriptor, Incoming& incoming, Transfer& transfer,
                                      bool& slow) {
  const uint64_t begin = incoming.have();
  const auto began = Clock::now();
  web::WebAsk ask = blob_ask(descriptor, begin, descriptor.size);
  // Whoever gives all of it instead of the rest is let.
  ask.most_bytes = descriptor.size;
  ask.head = [&](const engine::AnswerHead& head) -> Result<void> {
    if (head.status == 206 && range_begin(head.header("content-range")) != begin)
      return fail(ErrorCode::kInvalidModule, "another part of the blob came than was asked for");
    if (head.status != 206 && incoming.have() > 0) BERTH_TRY_VOID(incoming.restart());
    const std::string_view length = head.header("content-length");
    const std::string wanted = fmt::format("{}", descriptor.size - incoming.have());
    if (!length.empty() && length != wanted)
      return fail(ErrorCode::kInvalidModule,
                  fmt::format("the blob has {} bytes to come, and not {} as its manifest says",
                              length.substr(0, 20), wanted));
    return {};
  };
  ask.bytes = [&](std::string_view bytes) -> Result<void> {
    if (bytes.size() > descriptor.size - incoming.have())
      return fail(
          ErrorCode::kLimit,
          fmt::format("the blob is longer than the {} bytes that its manifest says", descriptor.size));
    BERTH_TRY_VOID(incoming.add(bytes));
    transfer.done = incoming.have();
    const uint64_t left = descriptor.size - incoming.have();
    const auto so_far = Clock::now() - began;
    if (slow || so_far < kLookAfter || left < 2 * kPiece || incoming.have() < begin) return {};
    const double rate =
        static_cast<double>(incoming.have() - begin) / std::chrono::duration<double>(so_far).count();
    if (static_cast<double>(left) < rate * std::chrono::duration<double>(kLongRest).count()) return {};
    slow = true;
    return fail(ErrorCode::kCancelled, "it is slow");
  };
  const web::WebAnswer answer = BERTH_TRY(this->ask(std::move(ask)));
  if (answer.status == 416 && begin > 0) {
    BERTH_TRY_VOID(incoming.restart());
    return fail(ErrorCode::kUnavailable, "the registry gives no rest of the blob");
  }
  if (answer.status != 200 && answer.status != 206) return refused(answer, doing("pulling"));
  if (incoming.have() < descriptor.size) return fail(ErrorCode::kUnavailable, "the blob ends early");
  return {};
}

Result<std::string> Repository::piece_of_blob(const Descriptor& descriptor, uint64_t begin, uint64_t end) {
  web::WebAsk ask = blob_ask(descriptor, begin, end);
  std::string piece;
  ask.head = [&](const engine::AnswerHead& head) -> Result<void> {
    if (head.status == 206 && range_begin(head.header("content-range")) == begin) return {};
    return fail(ErrorCode::kUnsupported, "no part of the blob came where one was asked for");
  };
  ask.bytes = [&](std::string_view bytes) -> Result<void> {
    piece += bytes;
    return {};
  };
  const web::WebAnswer answer = BERTH_TRY(this->ask(std::move(ask)));
  if (answer.status != 206) return refused(answer, doing("pulling"));
  if (piece.size() != end - begin) return fail(ErrorCode::kUnavailable, "a part of the blob ends early");
  return piece;
}

Result<void> Repository::in_pieces(const Descriptor& descriptor, Incoming& incoming, Transfer& transfer) {
  Pieces pieces(incoming.have(), descriptor.size);
  const auto bring = [&](Repository& from) {
    while (const auto piece = pieces.take())
      pieces.give(*piece, from.piece_of_blob(descriptor, piece->begin, piece->end), incoming, transfer);
  };
  std::vector<std::unique_ptr<Repository>> others;
  while (others.size() + 1 < kConnections) {
    others.push_back(BERTH_TRY(open(name_, options_, config_)));
    others.back()->authorization_ = authorization_;
  }
  std::vector<std::jthread> threads;
  for (const auto& other : others) threads.emplace_back([&bring, &other] { bring(*other); });
  bring(*this);
  threads.clear();
  return pieces.result();
}

Result<void> Repository::blob(const Descriptor& descriptor, Incoming& incoming, Transfer& transfer) {
  transfer.total = descriptor.size;
  if (incoming.have() > descriptor.size) BERTH_TRY_VOID(incoming.restart());
  bool tried_pieces = false;
  uint64_t counted_from = incoming.have();
  for (int tries = 0; incoming.have() < descriptor.size;) {
    bool slow = tried_pieces;
    auto got = rest_of_blob(descriptor, incoming, transfer, slow);
    if (!got && got.error().code == ErrorCode::kCancelled && slow) {
      tried_pieces = true;
      got = in_pieces(descriptor, incoming, transfer);
      if (!got && got.error().code == ErrorCode::kUnsupported) continue;
    }
    if (got) continue;
    if (got.error().code != ErrorCode::kUnavailable || ++tries == kTries)
      return fail(got.error().code, fmt::format("{}: {}", doing("pulling"), got.error().message));
    if (incoming.have() >= counted_from + kProgress) {
      counted_from = incoming.have();
      tries = 0;
    }
  }
  return {};
}

}  // namespace berth::registry
