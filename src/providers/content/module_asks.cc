// SPDX-License-Identifier: Apache-2.0
#include "providers/content/module_asks.h"

#include <fmt/format.h>

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
  return ContentFault{.why = ContentFault::Why::kDenied,
                      .words = policy::explain(asked, policy::decide(*by.policy, asked))};
}

std::optional<ContentFault> Asks::Module::hidden(const Target& target) {
  if (!target.name && made_size(target.path.root)) return std::nullopt;
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
  // What no rule opens is the module's own.
  return opened ? most : std::nullopt;
}

bool Asks::Module::publish(uint64_t bytes) {
  const std::lock_guard guard(lock_);
  if (bytes > most_published || published_ > most_published - bytes) return false;
  published_ += bytes;
  return true;
}

void Asks::Module::made(const Cid& cid, uint64_t tsize) {
  const std::lock_guard guard(lock_);
  if (made_.size() < kMostMade) made_.emplace(policy_text(cid), tsize);
}

std::optional<uint64_t> Asks::Module::made_size(const Cid& cid) {
  const std::lock_guard guard(lock_);
  const auto found = made_.find(policy_text(cid));
  if (found == made_.end()) return std::nullopt;
  return found->second;
}

bool Asks::Module::run(std::function<void()> task) {
  {
    const std::lock_guard guard(lock_);
    if (running_ == kAtOnce) {
      waiting_.push_back(std::move(task));
      return true;
    }
    ++running_;
  }
  const bool runs =
      service->workers().run([self = shared_from_this(), task = std::move(task)] { self->turn(task); });
  if (runs) return true;
  const std::lock_guard guard(lock_);
  --running_;
  return false;
}

/// One turn, and those of the module that wait behind it.
void Asks::Module::turn(const std::function<void()>& task) {
  task();
  for (;;) {
    std::function<void()> next;
    {
      const std::lock_guard guard(lock_);
      if (waiting_.empty()) {
        --running_;
        return;
      }
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    next();
  }
}

std::unique_ptr<Reading> Asks::Module::source(const std::atomic<bool>& gone) {
  return service->read([this, &gone](uint64_t bytes) { return charge(bytes, gone); });
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
