// SPDX-License-Identifier: Apache-2.0
#include "cli/serve_change.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/denial_log.h"
#include "host/policy_change.h"
#include "host/second_wall.h"
#include "serve/tried.h"

namespace berth::cli {
namespace {

/// As much of a digest as tells versions apart.
std::string short_digest(const Digest& digest) {
  return digest.text().substr(0, 19);
}

}  // namespace

ServeChanges::ServeChanges(Loop& loop, const engine::Engine& engine, const UserFolders& folders,
                           ServedModules& modules, AskedSite asked, const ServeLoader* loader,
                           OnServed on_served)
    : loop_(loop),
      engine_(engine),
      folders_(folders),
      modules_(modules),
      asked_(std::move(asked)),
      loader_(loader),
      on_served_(std::move(on_served)),
      wall_(host::wall_for(modules.everything(), {host::DenialLog(folders.state).folder()})),
      next_number_(modules.all().size()) {}

host::VersionWatch ServeChanges::watch_first(const host::Loaded& loaded, uint64_t number) {
  return {.on_served =
              [this, name = loaded.name](const host::ServedRequest& request) { on_served_(name, request); },
          .on_gone = [this, number] { loop_.post([this, number] { gone(number); }); }};
}

void ServeChanges::begin(serve::Site& site) {
  site_ = &site;
  for (const ServedModule& module : modules_.all()) {
    const host::HttpModule& version = *module.current.module;
    living_.push_back({.number = module.current.number,
                       .name = version.loaded().name,
                       .digest = version.loaded().digest,
                       .denials = version.denials(),
                       .code = std::nullopt});
  }
}

Result<policy::Policy> ServeChanges::policy_of(const ServedModule& module, const FoundVersion& found) const {
  const auto read = [&](const std::string& path) -> Result<std::string> {
    const auto text = found.texts.find(path);
    if (text == found.texts.end()) return fail(ErrorCode::kNotFound, fmt::format("'{}' isn't there", path));
    return text->second;
  };
  const auto trusts = BERTH_TRY(host::trusts_of(module.options.trust, folders_, read));
  const auto claims = BERTH_TRY(host::bounds_again(found.token, found.name, trusts));
  policy::Effective effective =
      BERTH_TRY(host::effective_policy(module.options.policy, claims, folders_, read));
  if (const auto why = host::needs_restart(module.current.policy, effective.policy, wall_)) {
    return fail(
        ErrorCode::kUnavailable,
        fmt::format("its policy has changed by more than it can be given now: {}; restart berth", *why));
  }
  if (effective.policy != module.current.policy) {
    for (const policy::Cut& cut : effective.cuts) say(policy::explain(cut));
    for (const policy::Lowered& lowered : effective.lowered) say(policy::explain(lowered));
  }
  return std::move(effective.policy);
}

Result<ServedVersion> ServeChanges::make(ServedModule& module, const FoundVersion& found) {
  policy::Policy policy = BERTH_TRY(policy_of(module, found));
  auto opened = BERTH_TRY(engine_.open_executable(found.kind, loader_->code(found), found.needs));
  host::Loaded loaded{.name = found.name, .module = std::move(opened), .digest = found.digest};
  const uint64_t number = next_number_++;
  host::VersionWatch watch = watch_first(loaded, number);
  watch.on_served = [this, number, told = std::move(watch.on_served),
                     trial = std::make_shared<serve::Trial>()](const host::ServedRequest& request) {
    told(request);
    const serve::Verdict verdict = trial->hear(request);
    if (verdict != serve::Verdict::kNone) loop_.post([this, number, verdict] { judged(number, verdict); });
  };
  ServedVersion version{.module = BERTH_TRY(module.current.module->follow(engine_, std::move(loaded), policy,
                                                                          std::move(watch))),
                        .policy = std::move(policy),
                        .number = number};
  living_.push_back({.number = number,
                     .name = found.name,
                     .digest = found.digest,
                     .denials = version.module->denials(),
                     .code = found});
  return version;
}

std::vector<ServeChanges::Next> ServeChanges::made_of(const std::vector<FoundVersion>& found) {
  std::vector<Next> all;
  for (const FoundVersion& version : found) {
    const auto module = std::ranges::find_if(modules_.all(), [&](const ServedModule& known) {
      return known.asked.path == version.path && known.asked.policy == version.policy;
    });
    auto made = module != modules_.all().end()
                    ? make(*module, version)
                    : fail(ErrorCode::kUnavailable,
                           "a module, or a policy's file, that wasn't there at the start: restart berth");
    if (made) {
      all.push_back({.module = &*module, .version = *std::move(made), .probe = module->probe()});
      continue;
    }
    say(fmt::format("the new version of '{}' isn't taken, and the one before serves on: {}", version.path,
                    made.error().message));
    loader_->release(version, false);
  }
  return all;
}

bool ServeChanges::take_routes(const std::string& site_text) {
  const auto asked = modules_asked(asked_, site_text);
  if (!asked) return false;  // was said when it was found
  const auto entry = [&](const serve::SiteModule& module) {
    return std::ranges::find_if(*asked, [&](const serve::SiteModule& other) {
      return other.path == module.path && other.policy == module.policy;
    });
  };
  for (const serve::SiteModule& module : *asked) {
    const bool known = std::ranges::any_of(modules_.all(), [&](const ServedModule& served) {
      return served.asked.path == module.path && served.asked.policy == module.policy;
    });
    if (known) continue;
    say(
        fmt::format("the changed routes aren't taken, and those before go on: '{}' wasn't served with that "
                    "policy at the start: restart berth",
                    module.path));
    return false;
  }
  bool changed = false;
  for (ServedModule& module : modules_.all()) {
    const auto found = entry(module.asked);
    auto routes = found == asked->end() ? std::vector<serve::RoutePattern>() : found->routes;
    std::string name = found == asked->end() ? "" : found->name;
    changed |= routes != module.asked.routes || name != module.asked.name;
    module.asked.routes = std::move(routes);
    module.asked.name = std::move(name);
  }
  return changed;
}

void ServeChanges::take_probes(const std::string& site_text) {
  const auto asked = modules_asked(asked_, site_text);
  if (!asked) return;  // was said when it was found
  for (ServedModule& module : modules_.all()) {
    const auto entry = std::ranges::find_if(*asked, [&](const serve::SiteModule& other) {
      return other.path == module.asked.path && other.policy == module.asked.policy;
    });
    if (entry != asked->end()) module.asked.probe = entry->probe;
  }
}

void ServeChanges::replace(Next next) {
  const auto before = std::ranges::find(before_, next.module, &Before::module);
  const bool on_trial = before != before_.end();
  if (next.probe && on_trial) before_.erase(before);
  // One that has never answered is nothing to return to.
  if (!next.probe && !on_trial) before_.push_back({.module = next.module, .version = next.module->current});
  next.module->current = std::move(next.version);
}

void ServeChanges::take(Found found) {
  waiting_.push_back(std::move(found));
  if (!trying_) try_next();
}

void ServeChanges::try_next() {
  while (!trying_ && !waiting_.empty()) {
    Found found = std::move(waiting_.front());
    waiting_.pop_front();
    for (const std::string& line : found.refused) say(line);
    if (found.site) take_probes(*found.site);
    std::vector<Next> next = made_of(found.versions);
    if (next.empty()) {
      exchange({.found = std::move(found), .next = {}});
      continue;
    }
    trying_ = Trying{.found = std::move(found), .next = std::move(next)};
    trying_->left = trying_->next.size();
    for (const Next& one : trying_->next) {
      const auto told = [this, number = one.version.number](const engine::Tried& tried) {
        loop_.post([this, number, tried] { this->tried(number, tried); });
      };
      one.version.module->try_out(engine_, one.probe ? &*one.probe : nullptr, serve::kTrialTime, told);
    }
  }
}

void ServeChanges::tried(uint64_t number, const engine::Tried& tried) {
  const auto next =
      std::ranges::find(trying_->next, number, [](const Next& one) { return one.version.number; });
  if (const auto wrong = serve::wrong_with(tried, next->probe ? &*next->probe : nullptr)) {
    say(fmt::format("the new version of '{}' isn't taken, and the one before serves on: {}",
                    next->module->asked.path, wrong->message));
    failed(number);
    trying_->next.erase(next);
  }
  if (--trying_->left > 0) return;
  Trying done = *std::move(trying_);
  trying_.reset();
  exchange(std::move(done));
  try_next();
}

void ServeChanges::exchange(Trying done) {
  const Found& found = done.found;
  std::vector<Next>& next = done.next;
  const bool rerouted = found.site && take_routes(*found.site);
  if (next.empty() && !rerouted) {
    if (found.asked && found.refused.empty() && found.versions.empty() && !found.tls)
      say("nothing has changed");
    return;
  }
  std::vector<std::string> lines;
  for (Next& one : next) {
    lines.push_back(fmt::format("'{}' answers with {} from now on", one.module->asked.path,
                                short_digest(one.version.module->loaded().digest)));
    replace(std::move(one));
  }
  if (rerouted) lines.emplace_back("the routes have changed");
  site_->exchange(modules_.table());
  for (const std::string& line : lines) say(line);
}

void ServeChanges::judged(uint64_t number, serve::Verdict verdict) {
  const auto module = std::ranges::find_if(
      modules_.all(), [&](const ServedModule& served) { return served.current.number == number; });
  if (module == modules_.all().end()) return;
  const auto before = std::ranges::find(before_, &*module, &Before::module);
  if (before == before_.end()) return;
  if (verdict == serve::Verdict::kFails) {
    failed(number);
    say(
        fmt::format("the new version of '{}', {}, falls before its first answer: it isn't taken, and the one "
                    "before, {}, serves on",
                    module->asked.path, short_digest(module->current.module->loaded().digest),
                    short_digest(before->version.module->loaded().digest)));
    module->current = std::move(before->version);
    site_->exchange(modules_.table());
  }
  before_.erase(before);
}

void ServeChanges::failed(uint64_t number) {
  const auto living = std::ranges::find(living_, number, &Living::number);
  if (living != living_.end()) living->failed = true;
}

void ServeChanges::keep(const Living& living) const {
  const host::Loaded module{.name = living.name, .module = nullptr, .digest = living.digest};
  keep_denials(living.denials->collect(), living.denials->unlisted(), module, folders_);
}

void ServeChanges::gone(uint64_t number) {
  const auto living = std::ranges::find(living_, number, &Living::number);
  if (living == living_.end()) return;
  keep(*living);
  if (living->code) loader_->release(*living->code, !living->failed);
  living_.erase(living);
}

void ServeChanges::conclude() const {
  for (const Living& living : living_) keep(living);
}

}  // namespace berth::cli
