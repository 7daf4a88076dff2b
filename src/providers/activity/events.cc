// SPDX-License-Identifier: Apache-2.0
#include "providers/activity/events.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "policy/decide.h"
#include "policy/printable.h"

namespace berth::activity {
namespace {

using engine::ActivityKind;
using engine::ActivityRefusal;
using Why = ActivityRefusal::Why;

std::string_view name_of(ActivityKind kind) {
  switch (kind) {
    case ActivityKind::kInfo:
      return "info";
    case ActivityKind::kError:
      return "error";
    case ActivityKind::kJobCompleted:
      return "job-completed";
  }
  return "";
}

/// As RFC 3339 has it, in UTC.
std::string time_now() {
  using namespace std::chrono;
  const auto now = floor<milliseconds>(system_clock::now());
  const auto seconds = floor<std::chrono::seconds>(now);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(system_clock::to_time_t(seconds)),
                     (now - seconds).count());
}

std::string text_of(const nlohmann::ordered_json& value) {
  // In ASCII: nothing in it moves a terminal's cursor or turns its text around.
  return value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

/// One event; `what` is its own member.
std::string line_of(std::string_view kind, const std::string& module, std::string_view name,
                    nlohmann::ordered_json what) {
  nlohmann::ordered_json event = {{"time", time_now()}, {"kind", kind}, {"module", module}};
  event[std::string(name)] = std::move(what);
  return text_of(event);
}

}  // namespace

Told& Told::operator+=(const Told& more) {
  info += more.info;
  errors += more.errors;
  jobs_completed += more.jobs_completed;
  dropped += more.dropped;
  return *this;
}

Events::Events(std::shared_ptr<Journal> journal, std::string module, Clock clock)
    : journal_(std::move(journal)),
      module_(policy::printable(module)),
      clock_(std::move(clock)),
      seen_(clock_()) {}

Events::~Events() {
  close();
}

void Events::close() noexcept try {
  const std::lock_guard guard(lock_);
  say_dropped();
} catch (...) {
  // Out of memory: the number is in the report.
}

Told Events::told() const {
  const std::lock_guard guard(lock_);
  return told_;
}

/// Takes the room of one.
bool Events::has_room() {
  const auto now = clock_();
  const std::chrono::duration<double> passed = now - seen_;
  room_ = std::min(kAtOnce, room_ + passed.count() * kPerSecond);
  seen_ = now;
  if (room_ < 1) return false;
  room_ -= 1;
  return true;
}

/// Once for all that were left out since the last event. True where there is nothing left to say.
bool Events::say_dropped() {
  if (unsaid_ == 0) return true;
  if (!journal_->write(line_of("dropped", module_, "events", unsaid_))) return false;
  unsaid_ = 0;
  return true;
}

std::optional<ActivityRefusal> Events::write(ActivityKind kind, std::string_view message) {
  const std::lock_guard guard(lock_);
  if (!has_room()) {
    ++told_.dropped;
    ++unsaid_;
    return ActivityRefusal{.why = Why::kLimited,
                           .words = fmt::format("a module may tell {} events at once and {} a second: tell "
                                                "less, or later",
                                                kAtOnce, kPerSecond)};
  }
  // What is longer is none, whatever its JSON comes to.
  message = message.substr(0, Journal::kLongest + 1);
  const bool job = kind == ActivityKind::kJobCompleted;
  const std::string line = job ? line_of(name_of(kind), module_, "jobs", told_.jobs_completed + 1)
                               : line_of(name_of(kind), module_, "message", message);
  if (line.size() > Journal::kLongest)
    return ActivityRefusal{.why = Why::kTooLarge,
                           .words = fmt::format("an event may have {} bytes, and this one would have more: "
                                                "tell it in several",
                                                Journal::kLongest)};
  if (!say_dropped() || !journal_->write(line))
    return ActivityRefusal{.why = Why::kUnavailable,
                           .words = "the place of events takes none now: nobody reads it, or it is full"};
  ++(job ? told_.jobs_completed : kind == ActivityKind::kError ? told_.errors : told_.info);
  return std::nullopt;
}

std::optional<ActivityRefusal> Activity::tell(ActivityKind kind, std::string_view message) noexcept try {
  const engine::Knock knock{.door = engine::Knock::Door::kActivity,
                            .cause = engine::Knock::Cause::kAsk,
                            .operation = "tell",
                            .target = name_of(kind)};
  if (!keeper_.ask(knock)) {
    const policy::Knock asked{.capability = policy::Capability::kActivity,
                              .operation = "tell",
                              .target = std::string(name_of(kind))};
    return ActivityRefusal{.why = Why::kDenied, .words = policy::explain_refused(policy_, asked)};
  }
  if (events_ == nullptr)
    return ActivityRefusal{.why = Why::kUnavailable,
                           .words =
                               "there is no place for events: --activity FILE gives one, or in a program "
                               "InstanceOptions::activity"};
  return events_->write(kind, message);
} catch (...) {
  return ActivityRefusal{.why = Why::kUnavailable, .words = {}};  // out of memory
}

}  // namespace berth::activity
