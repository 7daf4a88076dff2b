// SPDX-License-Identifier: Apache-2.0
#include "call.h"

#include <thread>

namespace berth::standin {
namespace {

using namespace std::chrono_literals;

constexpr auto kStep = 20us;
constexpr uint64_t kFuelOfStep = 1000;

std::atomic_ref<uint64_t> shared(uint64_t& counter) {
  return std::atomic_ref(counter);
}

uint64_t nanoseconds(std::chrono::nanoseconds time) {
  return static_cast<uint64_t>(time.count());
}

berth_slice slice(std::string_view text) {
  return {.data = reinterpret_cast<const uint8_t*>(text.data()), .len = text.size()};
}

}  // namespace

Call::Call(std::vector<Statement> program, const berth_guest& guest, berth_engine_kind kind)
    : program_(std::move(program)), guest_(guest), kind_(kind) {}

bool Call::step() {
  if (reported_) return !cancelled_ && at_ < program_.size() && run(program_[at_]) == Next::kGoOn;
  const auto passed = std::chrono::steady_clock::now() - began_;
  const uint64_t wall_limit = guest_.meter->wall_limit_ns;
  if (cancelled_) {
    end(BERTH_ENDING_CANCELLED);
    return false;
  }
  if (wall_limit != 0 && nanoseconds(passed) >= wall_limit) {
    return end(BERTH_ENDING_LIMITED, 0, BERTH_LIMIT_WALL) == Next::kGoOn;
  }
  if (at_ == program_.size()) {
    end(BERTH_ENDING_EXITED, 0);
    return false;
  }
  return run(program_[at_]) == Next::kGoOn;
}

Call::Next Call::run(const Statement& statement) {
  switch (statement.verb) {
    case Verb::kExit:
      return end(BERTH_ENDING_EXITED, static_cast<int32_t>(statement.number));
    case Verb::kTrap:
      return end(BERTH_ENDING_TRAPPED, 0, 0, "wasm trap: the stand-in was told to");
    case Verb::kGrow:
      return grow(statement.number);
    case Verb::kKnock:
      return knock(statement.text);
    case Verb::kBrowse:
      return browse(statement.number);
    case Verb::kWork:
      worked_microseconds_ += kStep.count();
      if (worked_microseconds_ >= statement.number) {
        worked_microseconds_ = 0;
        ++at_;
      }
      return use_cpu(kStep);
    case Verb::kSpin:
      return use_cpu(kStep);
    case Verb::kNap:
      std::this_thread::yield();
      return Next::kGoOn;
    case Verb::kAgain:
      at_ = 0;
      return Next::kGoOn;
  }
  return end(BERTH_ENDING_FAILED, 0, 0, "unknown statement");
}

Call::Next Call::use_cpu(std::chrono::nanoseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until) {
  }
  const uint64_t used = shared(guest_.meter->cpu_used_ns).fetch_add(nanoseconds(time)) + nanoseconds(time);
  fuel_used_ += kFuelOfStep;
  shared(guest_.meter->fuel_used).store(fuel_used_);
  if (reported_) return Next::kGoOn;
  const uint64_t limit = guest_.meter->cpu_limit_ns;
  if (limit != 0 && used >= limit) return end(BERTH_ENDING_LIMITED, 0, BERTH_LIMIT_CPU_TIME);
  const uint64_t fuel = guest_.meter->fuel_limit;
  if (kind_.fuel && fuel != 0 && fuel_used_ >= fuel) return end(BERTH_ENDING_LIMITED, 0, BERTH_LIMIT_FUEL);
  return Next::kGoOn;
}

Call::Next Call::grow(uint64_t bytes) {
  berth_budget& budget = *guest_.budget;
  uint64_t used = shared(budget.used).load();
  do {
    if (bytes > budget.limit - used) {
      shared(budget.refused).fetch_add(1);
      shared(budget.refused_bytes).store(used + bytes);
      return end(BERTH_ENDING_LIMITED, 0, BERTH_LIMIT_MEMORY);
    }
  } while (!shared(budget.used).compare_exchange_weak(used, used + bytes));
  drawn_bytes_ += bytes;
  uint64_t peak = shared(budget.peak).load();
  while (peak < used + bytes && !shared(budget.peak).compare_exchange_weak(peak, used + bytes)) {
  }
  ++at_;
  return Next::kGoOn;
}

bool Call::ask(const std::string& target) {
  const berth_knock knock = {.capability = BERTH_CAPABILITY_FILES,
                             .operation = BERTH_OPERATION_OPEN_READ,
                             .reason = BERTH_REASON_NO_GRANT,
                             .target = slice(target),
                             .method = {},
                             .resolved_to = {},
                             .resolved_from = {},
                             .quiet = false};
  return guest_.ask(guest_.context, &knock);
}

Call::Next Call::knock(const std::string& target) {
  if (!ask(target)) return end(BERTH_ENDING_EXITED, 1);
  ++at_;
  return Next::kGoOn;
}

Call::Next Call::browse(uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) ask("/etc/" + std::to_string(i));
  ++at_;
  return Next::kGoOn;
}

Call::Next Call::end(berth_ending ending, int32_t exit_status, int32_t limit, std::string_view reason) {
  if (reported_) return Next::kEnded;
  reported_ = true;
  const bool goes_on = kind_.alone && (limit == BERTH_LIMIT_WALL || limit == BERTH_LIMIT_CPU_TIME);
  // All that the call held is gone before it is done.
  if (!goes_on) shared(guest_.budget->used).fetch_sub(drawn_bytes_);
  const berth_outcome outcome = {.ending = ending,
                                 .exit_status = exit_status,
                                 .limit = limit,
                                 .reason = slice(reason),
                                 .result = slice(""),
                                 .trace = slice(""),
                                 .still_running = goes_on,
                                 .unfinished_line = false};
  guest_.done(guest_.context, &outcome);
  return goes_on ? Next::kGoOn : Next::kEnded;
}

}  // namespace berth::standin
