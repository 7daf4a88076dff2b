// SPDX-License-Identifier: Apache-2.0
#include "providers/content/errand.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/os/thread.h"
#include "base/unix_time.h"
#include "providers/content/car_source.h"
#include "providers/content/pipe.h"

namespace berth::content {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kPipeBytes = 4 << 20;
constexpr int kMostFailures = 3;
constexpr size_t kMostTold = 8;

double seconds_since(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

}  // namespace

bool Errand::is_over() const {
  const std::lock_guard guard(lock_);
  return over_.has_value();
}

std::unexpected<Error> Errand::end(Error error) {
  const std::lock_guard guard(lock_);
  if (!over_) over_ = error;
  return std::unexpected(std::move(error));
}

Result<void> Errand::charge(uint64_t bytes) {
  if (!purse_.charge) return {};
  auto paid = purse_.charge(bytes);
  return paid ? paid : Result<void>(end(paid.error()));
}

void Errand::tell(const Came& more) const {
  if (purse_.tell) purse_.tell(more);
}

Result<void> Errand::keep(const Gateway& gateway, const Cid& cid, std::string_view bytes, const Took& took) {
  tell({.from = gateway.url(),
        .answers = took.first_byte_seconds > 0 ? 1U : 0U,
        .blocks = 1,
        .bytes = bytes.size(),
        .first_byte_seconds = took.first_byte_seconds,
        .seconds = took.seconds,
        .dropped = {}});
  auto kept = each_(cid, bytes);
  return kept ? kept : Result<void>(end(kept.error()));
}

bool Errand::Known::is_left() const {
  return lied || failures >= kMostFailures;
}

void Errand::ended(Gateway& gateway, const Result<void>& result) {
  if (result || is_over()) return;
  const Failure failure = failure_of(result.error());
  // Its own word about when to come again stands already.
  gateway.failed(failure, result.error().message);
  // Its blocks are right, but not those of the CAR that was asked for: it may give them one by one.
  if (failure == Failure::kCant) gateway.leave_cars();
  const bool lied = failure == Failure::kLied;
  tell({.from = gateway.url(), .lies = lied ? 1U : 0U, .dropped = result.error().message});
  const std::lock_guard guard(lock_);
  Known& known = known_[gateway.url()];
  known.lied = known.lied || lied;
  ++known.failures;
  // A lie is what is told of it, or else what it did first.
  if (known.dropped.empty() || lied) known.dropped = result.error().message;
}

std::vector<std::shared_ptr<Gateway>> Errand::candidates(const std::set<const Gateway*>& asked, bool cars) {
  std::vector<std::shared_ptr<Gateway>> all = gateways_.ranked();
  all.insert(all.end(), found_.begin(), found_.end());
  const std::lock_guard guard(lock_);
  std::erase_if(all, [&](const auto& gateway) {
    const auto known = known_.find(gateway->url());
    return (known != known_.end() && known->second.is_left()) || asked.contains(gateway.get()) ||
           (cars && gateway->without_cars()) || gateway->standing().not_before > unix_seconds();
  });
  return all;
}

/// Once: whether there are others now.
bool Errand::seek() {
  if (!more_ || std::exchange(sought_, true)) return false;
  found_ = more_(stop_);
  return !found_.empty();
}

bool Errand::contest(std::vector<std::shared_ptr<Gateway>> gateways, std::set<const Gateway*>& asked,
                     const std::function<Result<void>(Runner&)>& run) {
  const Contest contest{.gateways = std::move(gateways)};
  std::mutex asking;
  return race(contest, stop_, run, [&](Gateway& gateway, const Result<void>& result) {
    {
      const std::lock_guard guard(asking);
      asked.insert(&gateway);
    }
    ended(gateway, result);
  });
}

std::unexpected<Error> Errand::nobody(const Cid& cid) {
  if (stop_.stop_requested()) return fail(ErrorCode::kCancelled, "it was cancelled");
  {
    const std::lock_guard guard(lock_);
    if (over_) return std::unexpected(*over_);
  }
  std::string why;
  size_t told = 0;
  const auto tell = [&](const std::string& text) {
    if (text.empty() || ++told > kMostTold) return;
    why += fmt::format("; {}", text);
  };
  std::set<std::string> named;
  {
    const std::lock_guard guard(lock_);
    for (const auto& [url, known] : known_) {
      named.insert(url);
      const std::string& said = known.dropped;
      tell(said.find(url) == std::string::npos ? fmt::format("{}: {}", url, said) : said);
    }
  }
  for (const auto& gateway : gateways_.all()) {
    const Standing standing = gateway->standing();
    if (standing.not_before > unix_seconds() && !named.contains(gateway->url()))
      tell(fmt::format("{} isn't asked for another {} s, because of: {}", gateway->url(),
                       standing.not_before - unix_seconds(), standing.why));
  }
  if (told > kMostTold) why += fmt::format("; {} more", told - kMostTold);
  const bool any = !gateways_.all().empty() || !found_.empty();
  return fail(any ? ErrorCode::kUnavailable : ErrorCode::kNotFound,
              fmt::format("the block {} lacks, and {}{}; --gateway URL or content.toml names others",
                          cid.text(), any ? "no gateway gives it" : "there is no gateway to ask", why));
}

Result<void> Errand::read_car(Runner& runner, const Wanted& wanted, const ReadSome& read, Answer& answer) {
  const auto began = Clock::now();
  double told = 0;  // seconds from the first byte on
  const auto each = [&](const Cid& cid, std::string_view bytes) -> Result<void> {
    Took took;
    if (answer.blocks == 0) {
      if (!runner.claim()) return fail(ErrorCode::kCancelled, "another one was faster");
      answer.first_byte_seconds = seconds_since(began);
      took.first_byte_seconds = answer.first_byte_seconds;
    } else {
      const double so_far = seconds_since(began) - answer.first_byte_seconds - answer.held_seconds;
      took.seconds = std::max(so_far - told, 0.0);
      told += took.seconds;
    }
    ++answer.blocks;
    return keep(runner.gateway, cid, bytes, took);
  };
  auto opened = CarSource::open(read, kept_, each);
  if (!opened) return std::unexpected(opened.error());
  CarSource& source = *opened;
  const auto terminal = [&](const Cid& cid) { return source.check_roots(wanted, cid); };
  auto done = traverse(source, wanted, terminal);
  if (done) done = source.finish();
  if (!done && !source.to_blame() && !is_over() && done.error().code != ErrorCode::kCancelled)
    return end(done.error());
  return done;
}

Result<void> Errand::run_car(Runner& runner, const Wanted& wanted, std::atomic<uint64_t>& all_blocks) {
  Gateway& gateway = runner.gateway;
  auto line = BERTH_TRY(gateway.line());
  auto use = BERTH_TRY(runner.use(*line));
  Pipe pipe(kPipeBytes);
  Answer answer;
  uint64_t bytes = 0;
  tell({.from = gateway.url(), .requests = 1, .dropped = {}});
  auto sending = start_thread([&] {
    pipe.finish(gateway.ask_car(*line, wanted, [&](std::string_view piece) -> Result<void> {
      const auto before = Clock::now();
      BERTH_TRY_VOID(charge(piece.size()));
      bytes += piece.size();
      auto written = pipe.write(piece);
      answer.held_seconds += seconds_since(before);
      return written;
    }));
  });
  if (!sending) return end(sending.error());
  const auto began = Clock::now();
  auto done = read_car(runner, wanted, [&](std::span<char> into) { return pipe.read(into); }, answer);
  pipe.leave();
  if (!done) line->stop();
  sending->join();
  use.reset();
  all_blocks += answer.blocks;
  if (answer.blocks > 0) {
    const double taken = seconds_since(began) - answer.first_byte_seconds - answer.held_seconds;
    gateway.came(answer.blocks, bytes, answer.first_byte_seconds, std::max(taken, 0.0));
  }
  if (done && !runner.is_stopped()) gateway.rest(std::move(line));
  return done;
}

Result<Errand::Got> Errand::car(const Wanted& wanted) {
  std::set<const Gateway*> asked;
  for (;;) {
    auto gateways = candidates(asked, true);
    if (gateways.empty() && seek()) continue;
    if (gateways.empty()) break;
    std::atomic<uint64_t> blocks = 0;
    const bool whole =
        contest(std::move(gateways), asked, [&](Runner& runner) { return run_car(runner, wanted, blocks); });
    if (whole) return Got::kAll;
    if (is_over() || stop_.stop_requested()) return nobody(wanted.path.root);
    if (blocks > 0) return Got::kSome;
  }
  // Those that give no CARs, or failed to, may give a block.
  if (!kept_.get(wanted.path.root)) BERTH_TRY_VOID(block(wanted.path.root));
  return Got::kSome;
}

Result<void> Errand::run_block(Runner& runner, const Cid& cid) {
  Gateway& gateway = runner.gateway;
  auto line = BERTH_TRY(gateway.line());
  auto use = BERTH_TRY(runner.use(*line));
  const auto began = Clock::now();
  double first_byte = 0;
  std::string bytes;
  tell({.from = gateway.url(), .requests = 1, .dropped = {}});
  auto done = gateway.ask_block(*line, cid, [&](std::string_view piece) -> Result<void> {
    if (bytes.empty()) first_byte = seconds_since(began);
    bytes += piece;
    return charge(piece.size());
  });
  use.reset();
  if (done) {
    // One that was stopped answers nothing any more.
    if (!runner.is_stopped()) gateway.rest(std::move(line));
    done = check_block(cid, bytes);
  }
  const double taken = std::max(seconds_since(began) - first_byte, 0.0);
  if (!done) return done;
  if (!runner.claim()) return fail(ErrorCode::kCancelled, "another one was faster");
  gateway.came(1, bytes.size(), first_byte, taken);
  return keep(gateway, cid, bytes, {.first_byte_seconds = first_byte, .seconds = taken});
}

Result<void> Errand::block(const Cid& cid) {
  std::set<const Gateway*> asked;
  for (;;) {
    auto gateways = candidates(asked, false);
    if (gateways.empty() && seek()) continue;
    if (gateways.empty()) return nobody(cid);
    if (contest(std::move(gateways), asked, [&](Runner& runner) { return run_block(runner, cid); }))
      return {};
    if (is_over() || stop_.stop_requested()) return nobody(cid);
  }
}

}  // namespace berth::content
