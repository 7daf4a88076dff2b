// SPDX-License-Identifier: Apache-2.0
#include "providers/content/module_asks.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "engine/guards.h"
#include "policy/content.h"
#include "policy/decide.h"

namespace berth::content {
namespace {

using engine::ContentFault;

constexpr size_t kMostMade = 100'000;  // CIDs that are remembered as the module's own

uint64_t most_published_by(const AskedBy& by) {
  if ((by.guards_off & engine::kGuardContentBound) != 0) return UINT64_MAX;
  uint64_t most = 0;
  for (const policy::Grant& grant : by.policy->grants) {
    const auto* content = std::get_if<policy::ContentGrant>(&grant.extent);
    if (content == nullptr) continue;
    const auto* rule = policy::opening_rule(*content, policy::ContentVerb::kPublish, "");
    if (rule != nullptr) most = std::max(most, rule->most_bytes.value_or(kPublishBytes));
  }
  return most;
}

}  // namespace

Asks::Module::Module(std::shared_ptr<Service> with, const AskedBy& who)
    : service(std::move(with)), by(who), most_published(most_published_by(who)) {}

std::optional<ContentFault> Asks::Module::refused(std::string_view operation, const std::string& target) {
  if ((by.guards_off & engine::kGuardContentGrant) != 0) return std::nullopt;
  const engine::Knock knock{.door = engine::Knock::Door::kContent,
                            .cause = engine::Knock::Cause::kAsk,
                            .operation = operation,
                            .target = target};
  if (by.keeper->ask(knock)) return std::nullopt;
  const policy::Knock asked{
      .capability = policy::Capability::kContent, .operation = std::string(operation), .target = target};
  return ContentFault{.why = ContentFault::Why::kDenied, .words = policy::explain_refused(*by.policy, asked)};
}

std::optional<ContentFault> Asks::Module::hidden(const Target& target) {
  if (!target.name && made(target.path.root)) return std::nullopt;
  return refused("fetch", target.text);
}

std::optional<uint64_t> Asks::Module::most_fetched(const Target& target) const {
  if ((by.guards_off & engine::kGuardContentBound) != 0) return std::nullopt;
  std::optional<uint64_t> most = 0;
  bool opened = false;
  for (const policy::Grant& grant : by.policy->grants) {
    const auto* content = std::get_if<policy::ContentGrant>(&grant.extent);
    if (content == nullptr) continue;
    const auto* rule = policy::opening_rule(*content, policy::ContentVerb::kFetch, target.text);
    if (rule == nullptr) continue;
    opened = true;
    if (!rule->most_bytes) return std::nullopt;
    most = std::max(*most, *rule->most_bytes);
  }
  if (opened) return most;
  // What no rule opens is the module's own, and what it put there.
  const auto own = target.name ? std::nullopt : made(target.path.root);
  return own ? own->most : std::nullopt;
}

bool Asks::Module::publish(uint64_t bytes) {
  const std::lock_guard guard(lock_);
  if (bytes > most_published || published_ > most_published - bytes) return false;
  published_ += bytes;
  return true;
}

void Asks::Module::made(const Cid& cid, const Own& own) {
  const std::lock_guard guard(lock_);
  if (made_.size() < kMostMade) made_.emplace(policy_text(cid), own);
}

std::optional<Asks::Module::Own> Asks::Module::made(const Cid& cid) const {
  const std::lock_guard guard(lock_);
  const auto found = made_.find(policy_text(cid));
  if (found == made_.end()) return std::nullopt;
  return found->second;
}

bool Asks::Module::run(std::shared_ptr<Job> job) {
  {
    const std::lock_guard guard(lock_);
    if (running_ == kAtOnce) {
      if (waiting_.size() == kMostWaiting) return false;
      waiting_.push_back(std::move(job));
      return true;
    }
    ++running_;
  }
  const bool runs = service->workers().run([self = shared_from_this(), job] { self->turn(job); });
  if (runs) return true;
  const std::lock_guard guard(lock_);
  --running_;
  return false;
}

void Asks::Module::forget(const Job& job) noexcept {
  std::shared_ptr<Job> gone;  // goes after the lock, with what it holds
  const std::lock_guard guard(lock_);
  const auto found = std::ranges::find(waiting_, &job, &std::shared_ptr<Job>::get);
  if (found == waiting_.end()) return;
  gone = std::move(*found);
  waiting_.erase(found);
}

/// One turn. Those of the module that wait behind it come after what other modules wait for.
void Asks::Module::turn(std::shared_ptr<Job> job) {
  while (job) {
    job->work();
    job = next_turn();
    if (!job) return;
    try {
      Workers::run_here([self = shared_from_this(), job] { self->turn(job); });
      return;
    } catch (...) {
      // Out of memory: at once, then.
    }
  }
}

/// Nothing when none waits, and one more may run.
std::shared_ptr<Job> Asks::Module::next_turn() {
  const std::lock_guard guard(lock_);
  if (waiting_.empty()) {
    --running_;
    return nullptr;
  }
  auto next = std::move(waiting_.front());
  waiting_.pop_front();
  return next;
}

std::unique_ptr<Reading> Asks::Module::source(const std::atomic<bool>& gone) {
  return service->read([this, &gone](uint64_t bytes) { return charge(bytes, gone); }, by.tally);
}

/// Takes it from the module's network, and waits where that is limited by the second.
Result<void> Asks::Module::charge(uint64_t bytes, const std::atomic<bool>& gone) {
  if (by.traffic == nullptr) return {};
  std::optional<std::chrono::nanoseconds> wait;
  {
    // The traffic is there as long as nobody has closed this.
    std::unique_lock guard(lock_);
    if (closed_) return fail(ErrorCode::kUnavailable, "nobody waits for it any more");
    wait = by.traffic->receive(bytes);
  }
  if (!wait)
    return fail(ErrorCode::kLimit,
                "the module's bytes of today are used up: try again tomorrow, or raise "
                "its limit 'network.daily'");
  const auto until = std::chrono::steady_clock::now() + *wait;
  while (!gone && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_until(
        std::min(until, std::chrono::steady_clock::now() + std::chrono::milliseconds(50)));
  }
  return {};
}

void Asks::Module::close() {
  const std::lock_guard guard(lock_);
  closed_ = true;
}

}  // namespace berth::content
