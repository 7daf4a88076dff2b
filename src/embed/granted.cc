// SPDX-License-Identifier: Apache-2.0
#include "embed/granted.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <variant>

#include "host/asked_policy.h"
#include "host/command.h"
#include "host/name_keys.h"
#include "host/vouching.h"

namespace berth::embed {
namespace {

using policy::Capability;
using policy::Decision;
using policy::Grant;

host::AskedPolicy asked_of(const InstanceOptions& options) {
  host::AskedPolicy asked{.grants = options.grants,
                          .activity = !options.activity.empty(),
                          .streams = false,
                          .source = "InstanceOptions"};
  if (!options.policy_file.empty()) asked.policy_file = options.policy_file;
  asked.values.memory_bytes = options.limits.memory_bytes;
  asked.values.cpu_time = options.limits.cpu_time;
  asked.values.wall = options.limits.wall;
  return asked;
}

/// What the engine opens at the start without asking.
bool leaves_open(const Judge& judge, const policy::Policy& policy, Capability capability,
                 std::string operation, std::string target) {
  const policy::Knock knock{
      .capability = capability, .operation = std::move(operation), .target = std::move(target)};
  return judge.judge(knock, policy::decide(policy, knock)).decision == Decision::kAllow;
}

/// Takes from a policy what the program doesn't want opened.
policy::Policy narrowed(const Judge& judge, const policy::Policy& policy) {
  policy::Policy left{.grants = {}, .limits = policy.limits, .narrowings = policy.narrowings};
  for (Grant grant : policy.grants) {
    if (const auto* const env = std::get_if<policy::EnvGrant>(&grant.extent)) {
      if (!leaves_open(judge, policy, Capability::kEnv, "read", env->name)) continue;
    }
    if (auto* const stdio = std::get_if<policy::StdioGrant>(&grant.extent)) {
      const auto open = [&](const char* stream) {
        return leaves_open(judge, policy, Capability::kStdio, "use", stream);
      };
      *stdio = {
          .in = stdio->in && open("in"), .out = stdio->out && open("out"), .err = stdio->err && open("err")};
      if (!stdio->in && !stdio->out && !stdio->err) continue;
    }
    left.grants.push_back(std::move(grant));
  }
  return left;
}

void tell_cuts(const Judge& judge, const policy::Effective& effective) {
  for (const policy::Cut& cut : effective.cuts) {
    const std::string asked = policy::to_text(cut.asked);
    const std::string rule = policy::explain(cut);
    judge.tell({.module = judge.module(),
                .capability = policy::capability_name(cut.asked.capability),
                .operation = "grant",
                .target = asked},
               {.allowed = false, .rule = rule, .line = rule});
  }
}

/// What a module can't be held to in a program.
Result<void> refuse_unheld(const policy::Effective& effective, const Granting& module) {
  if (effective.second_wall_required) {
    return fail(
        ErrorCode::kDenied,
        fmt::format("'{}' isn't started: the owner of this machine requires the second wall ({}), and a "
                    "program that has modules inside can't be behind it: use 'berth run'",
                    module.name, effective.owner_source));
  }
  if (effective.policy.limits.cpu_share_basis_points) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("'{}' isn't started: its limit cpu.share isn't held inside a program, whose "
                            "threads the calls are: use 'berth run', or limit cpu.time and wall",
                            module.name));
  }
  if (effective.policy.limits.cpu_fuel && !module.counts_fuel) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("'{}' isn't started: its limit cpu.fuel needs a module that counts its instructions: "
                    "set HostOptions::count_fuel",
                    module.name));
  }
  return {};
}

bool needs_folders(const policy::Effective& effective) {
  return effective.host.total != policy::Limits{} || effective.policy.limits.network_bytes_per_day ||
         std::ranges::any_of(effective.policy.grants,
                             [](const Grant& grant) { return grant.capability == Capability::kFiles; });
}

}  // namespace

Result<Owner> Owner::of(const std::string& file) {
  Owner owner;
  auto folders = user_folders();
  if (folders) owner.folders = *std::move(folders);
  if (!file.empty()) {
    owner.bounds = BERTH_TRY(host::bounds_of(file));
    const std::string folder = std::filesystem::path(file).parent_path().string();
    owner.trusts = BERTH_TRY(host::trusts_of({}, {.config = folder.empty() ? "." : folder}));
  } else if (owner.folders) {
    owner.bounds = BERTH_TRY(host::owners_bounds(*owner.folders));
    owner.trusts = BERTH_TRY(host::trusts_of({}, *owner.folders));
  }
  return owner;
}

Result<UserFolders> Owner::own_folders() const {
  return folders ? Result<UserFolders>(*folders) : user_folders();
}

Result<Granted> Granted::grant(const InstanceOptions& options, const Owner& owner, const Granting& module) {
  const policy::Policy asked = BERTH_TRY(host::asked_policy(asked_of(options)));
  policy::Effective effective = host::bounded(asked, module.claims, owner.bounds);
  BERTH_TRY_VOID(refuse_unheld(effective, module));
  Judge judge(module.name, options.decide, options.audit);
  Granted made;
  made.listened_to_ = judge.listens();
  made.counts_fuel_ = module.counts_fuel;
  if (made.listened_to_) {
    tell_cuts(judge, effective);
    effective.policy = narrowed(judge, effective.policy);
  }
  const bool has_content = content::opens_content(effective.policy);
  UserFolders folders;
  if (has_content || needs_folders(effective)) folders = BERTH_TRY(owner.own_folders());
  if (needs_folders(effective)) {
    made.aside_ = BERTH_TRY(host::set_aside(effective.policy, folders.state, module.digest));
    if (effective.host.total != policy::Limits{}) {
      made.place_ = BERTH_TRY(host::Place::take(folders.state, module.name, effective));
    }
  }
  std::shared_ptr<content::Service> content;
  std::shared_ptr<const content::NameKeys> name_keys;
  if (has_content) {
    content = BERTH_TRY(module.content.get());
    name_keys = BERTH_TRY(host::name_keys(effective.policy, folders));
  }
  std::shared_ptr<activity::Journal> journal;
  if (!options.activity.empty()) journal = BERTH_TRY(activity::Journal::open(options.activity));
  std::vector<std::string> arguments = {module.name};
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  made.lent_ =
      std::make_unique<host::Lent>(host::CommandRequest{.policy = std::move(effective.policy),
                                                        .args = std::move(arguments),
                                                        .dns_servers = std::move(effective.dns_servers),
                                                        .storage = made.aside_.storage.get(),
                                                        .day = made.aside_.day.get(),
                                                        .place = made.place_.get(),
                                                        .content = std::move(content),
                                                        .name_keys = std::move(name_keys),
                                                        .digest = module.digest.text(),
                                                        .journal = std::move(journal),
                                                        .name = module.name});
  made.keeper_ = std::make_unique<Keeper>(made.lent_->request.policy, std::move(judge));
  made.asks_ = made.lent_->asks(made.lent_->request.policy, *made.keeper_);
  made.activity_ = made.lent_->activity(made.lent_->request.policy, *made.keeper_);
  return made;
}

Result<engine::Guest> Granted::guest() {
  engine::Guest guest = BERTH_TRY(lent_->guest(host::Use::kOnce, lent_->request.policy, *keeper_));
  guest.files_asked = listened_to_;
  guest.content = asks_.get();
  guest.activity = activity_.get();
  // Code that counts its instructions needs some to begin with.
  if (counts_fuel_ && !guest.fuel) guest.fuel = std::numeric_limits<uint64_t>::max();
  return guest;
}

}  // namespace berth::embed
