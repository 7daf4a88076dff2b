// SPDX-License-Identifier: Apache-2.0
#include "berth/host.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "embed/description.h"
#include "embed/ending.h"
#include "embed/parts.h"
#include "host/berthing.h"
#include "policy/grant.h"
#include "registry/module_file.h"

namespace berth {
namespace {

/// What an instance is granted and limited to.
Result<policy::Policy> policy_of(const InstanceOptions& options) {
  policy::Policy policy;
  for (const std::string& text : options.grants) {
    policy.grants.push_back(BERTH_TRY(policy::parse_grant(text, "InstanceOptions")));
  }
  policy.limits.memory_bytes = options.limits.memory_bytes;
  policy.limits.cpu_time = options.limits.cpu_time;
  policy.limits.wall = options.limits.wall;
  std::error_code error;
  const auto folder = std::filesystem::current_path(error);
  if (error) return fail(ErrorCode::kUnavailable, "the folder that this program is in: " + error.message());
  BERTH_TRY_VOID(host::anchor(policy, folder.string()));
  return policy;
}

}  // namespace

Host::Host(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Host::~Host() = default;

Result<std::shared_ptr<Host>> Host::create(const HostOptions& options) {
  auto parts = std::make_unique<Parts>();
  parts->engine = BERTH_TRY(engine::Engine::create(std::max<size_t>(options.lanes, 1)));
  if (!options.compiler.empty()) parts->compiler.emplace(options.compiler, engine::CompileLimits());
  return std::shared_ptr<Host>(new Host(std::move(parts)));
}

Result<std::shared_ptr<Module>> Host::load(const std::string& path) {
  const registry::ModuleFile file = BERTH_TRY(registry::read_module(path));
  return load(std::as_bytes(std::span(file.bytes)), file.name);
}

Result<std::shared_ptr<Module>> Host::load(std::span<const std::byte> bytes, std::string name) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  auto parts = std::make_unique<Module::Parts>();
  const auto named = [&](Error error) {
    error.message = fmt::format("'{}': {}", name, error.message);
    return std::unexpected(std::move(error));
  };
  const auto image = parts_->compiler ? parts_->compiler->compile({}, text) : engine::compile({}, text);
  if (!image) return named(image.error());
  auto module = parts_->engine->open({}, *image);
  if (!module) return named(module.error());
  const auto imports = (*module)->imports();
  if (!imports) return named(imports.error());
  parts->imports = BERTH_TRY(embed::read_imports(*imports));
  parts->host = shared_from_this();
  parts->name = std::move(name);
  parts->module = std::move(*module);
  return std::shared_ptr<Module>(new Module(std::move(parts)));
}

Module::Module(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Module::~Module() = default;

Result<std::vector<std::string>> Module::functions() const {
  return parts_->module->functions(engine::Imports::kOfProgram);
}

Result<std::shared_ptr<Instance>> Module::instantiate(const InstanceOptions& options) const {
  auto parts = std::make_unique<Instance::Parts>();
  parts->module = shared_from_this();
  host::CommandRequest request;
  request.policy = BERTH_TRY(policy_of(options));
  request.args = {parts_->name};
  parts->lent = std::make_unique<host::Lent>(std::move(request));
  const engine::Guest guest = BERTH_TRY(parts->lent->guest(host::Use::kOnce));
  parts->program = std::make_unique<embed::Program>(
      BERTH_TRY(embed::find_imports(options.imports, parts_->imports, parts_->name)),
      options.imports.resources());
  auto live = engine::Live::create(*parts_->host->parts_->engine, *parts_->module, guest, *parts->program);
  if (!live) return std::unexpected(embed::error_of(live.error(), parts_->name, "its start"));
  parts->live = std::move(*live);
  parts->canceller = parts->live->canceller();
  std::shared_ptr<Instance> instance(new Instance(std::move(parts)));
  instance->resources().set_instance(instance);
  return instance;
}

Instance::Instance(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Instance::~Instance() = default;

void Instance::cancel() {
  parts_->canceller->cancel();
}

std::chrono::nanoseconds Instance::cpu_used() const {
  return parts_->live->cpu_used();
}

detail::Resources& Instance::resources() const {
  return parts_->program->resources();
}

Result<size_t> Instance::bind(std::string_view name, FunctionType wanted) {
  const std::string& module = parts_->module->parts_->name;
  auto found = engine::Export::find(*parts_->module->parts_->module, name);
  if (!found) {
    Error error = std::move(found).error();
    if (error.code == ErrorCode::kNotFound && error.message == name) {
      error.message = fmt::format("'{}' exports no function '{}': Module::functions() lists what it exports",
                                  module, name);
    }
    return std::unexpected(std::move(error));
  }
  const embed::Described described = BERTH_TRY(embed::read_description(found->description()));
  embed::name_resources(wanted, described.type, parts_->program->names());
  if (!fits(wanted, described.type)) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format(
            "'{}' of '{}' has other types than the program calls it with\n  program: {}\n  module:  {}",
            described.name, module, to_wit(wanted), to_wit(described.type)));
  }
  if (described.async) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("'{}' of '{}' is an async function, which can't be called this way",
                            described.name, module));
  }
  if (parts_->busy.exchange(true, std::memory_order_acquire)) return embed::busy();
  auto number = parts_->live->bind(*found);
  parts_->busy = false;
  parts_->drop_pending();
  return number;
}

namespace {

/// One call's result, on its way to where the program wants it.
class Calling final : public engine::Caller {
 public:
  Calling(detail::Take take, void* to, detail::Resources& resources)
      : take_(take), to_(to), resources_(resources) {}

  void returned(std::span<const uint64_t> words) noexcept override {
    taken_ = take_(to_, detail::Reader(words, resources_));
  }
  void failed(engine::Outcome outcome) noexcept override {
    failed_ = std::move(outcome);
  }

  bool taken() const {
    return taken_;
  }
  const std::optional<engine::Outcome>& failure() const {
    return failed_;
  }

 private:
  const detail::Take take_;
  void* const to_;
  detail::Resources& resources_;
  bool taken_ = false;
  std::optional<engine::Outcome> failed_;
};

}  // namespace

Result<void> Instance::call(size_t function, std::span<const uint64_t> words, detail::Take take, void* to) {
  if (parts_->busy.exchange(true, std::memory_order_acquire)) return embed::busy();
  Calling calling(take, to, resources());
  parts_->live->call(function, words, calling);
  parts_->busy = false;
  parts_->drop_pending();
  if (calling.failure()) {
    return std::unexpected(embed::error_of(*calling.failure(), parts_->module->parts_->name, "the call"));
  }
  if (!calling.taken()) return fail(ErrorCode::kUnavailable, "there is no memory for a call's result");
  return {};
}

void Instance::drop(uint64_t resource) noexcept {
  {
    const std::lock_guard lock(parts_->dropping);
    parts_->to_drop.push_back(resource);
    parts_->any_to_drop = true;
  }
  parts_->drop_pending();
}

void Instance::Parts::drop_pending() noexcept {
  const auto pending = [&] {
    const std::lock_guard lock(dropping);
    any_to_drop = false;
    return std::exchange(to_drop, {});
  };
  // Who lets go of one while this goes on leaves it to this, so it is looked at again.
  while (any_to_drop && !busy.exchange(true)) {
    for (const uint64_t resource : pending()) live->drop(resource);
    busy = false;
  }
}

}  // namespace berth
