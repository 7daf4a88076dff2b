// SPDX-License-Identifier: Apache-2.0
#include "crew.h"

#include <chrono>
#include <filesystem>

namespace {

using namespace std::chrono_literals;

/// No plugin writes, whatever its policy says.
berth::Result<void> let_read_only(const berth::Question& question) {
  const bool reads =
      question.operation == "open-read" || question.operation == "stat" || question.operation == "list";
  if (question.capability != "files" || reads) return {};
  return berth::fail(berth::ErrorCode::kDenied, "plugins of this shop only read");
}

void tell_denials(const berth::Question& question, const berth::Verdict& verdict) {
  if (!verdict.allowed) say("! ", question.module, ": ", verdict.line);
}

}  // namespace

Crew::Crew(std::shared_ptr<berth::Plugins> plugins, std::shared_ptr<Catalogue> catalogue)
    : plugins_(std::move(plugins)), imports_(shop::till::ShopImports{std::move(catalogue)}.all()) {}

berth::InstanceOptions Crew::options_of(const berth::Plugin& plugin) const {
  berth::InstanceOptions options{.imports = imports_, .decide = let_read_only, .audit = tell_denials};
  options.limits.wall = 2s;
  const auto policy = std::filesystem::path(plugin.path).replace_extension(".toml");
  if (std::filesystem::exists(policy)) {
    options.policy_file = policy.string();
  } else {
    options.limits.memory_bytes = 32 << 20;
    options.limits.cpu_time = 100ms;
  }
  return options;
}

Crew::Worker& Crew::worker_of(const berth::Plugin& plugin) {
  Worker& worker = workers_[plugin.name];
  if (worker.version == plugin.version) return worker;
  worker = {.version = plugin.version, .instance = nullptr};
  auto instance = plugin.module->instantiate(options_of(plugin));
  if (instance) {
    worker.instance = std::move(*instance);
  } else {
    set_aside(worker, plugin, instance.error());
  }
  return worker;
}

void Crew::set_aside(Worker& worker, const berth::Plugin& plugin, const berth::Error& why) {
  worker.instance.reset();
  say("! ", plugin.name, " is set aside: ", why.message);
}

void Crew::forget_those_gone() {
  std::erase_if(workers_, [&](const auto& worker) { return !plugins_->find(worker.first); });
}
