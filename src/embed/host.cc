// SPDX-License-Identifier: Apache-2.0
#include "berth/host.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>

#include "berth/dynamic.h"
#include "embed/description.h"
#include "embed/ending.h"
#include "embed/parts.h"
#include "host/loader.h"
#include "host/vouching.h"
#include "registry/module_file.h"

namespace berth {
namespace {

/// What ends a process that doesn't care for it: a module that writes to a pipe which nobody reads any more,
/// or beyond what a file may grow to, gets an error instead.
void ignore_unhandled(int signal) {
  struct sigaction now = {};
  if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_DFL) std::signal(signal, SIG_IGN);
}

registry::OriginOptions origin_options(const NameOptions& names) {
  registry::OriginOptions options{.ca_file = names.ca_file, .web = {.plain_http = names.plain_http}};
  if (names.pull == Pull::kAlways) options.pull = registry::Pull::kAlways;
  if (names.pull == Pull::kNever) options.pull = registry::Pull::kNever;
  if (!names.lock_file.empty()) options.lock_file = names.lock_file;
  return options;
}

}  // namespace

Host::Host(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Host::~Host() = default;

Result<std::shared_ptr<Host>> Host::create(const HostOptions& options) {
  ignore_unhandled(SIGPIPE);
  ignore_unhandled(SIGXFSZ);
  auto parts = std::make_unique<Parts>();
  parts->owner = BERTH_TRY(embed::Owner::of(options.owner_file));
  const policy::Limits& most = parts->owner.bounds.limits;
  parts->kind.fuel = options.count_fuel || most.cpu_fuel;
  parts->engine = BERTH_TRY(engine::Engine::create(std::max<size_t>(options.lanes, 1), 0, options.places));
  parts->names = origin_options(options.names);
  parts->workers = std::make_unique<Workers>(options.callers);
  if (!options.compiler.empty()) parts->compiler.emplace(options.compiler, host::compile_limits(most));
  return std::shared_ptr<Host>(new Host(std::move(parts)));
}

Result<std::shared_ptr<Module>> Host::load(const std::string& path) {
  const registry::Located located = BERTH_TRY(registry::locate(path, parts_->names));
  const registry::ModuleFile file = BERTH_TRY(registry::read_located(located));
  return load(std::as_bytes(std::span(file.bytes)), file.name);
}

Result<engine::Image> Host::Parts::compile(std::string_view bytes) const {
  return compiler ? compiler->compile(kind, bytes) : engine::compile(kind, bytes);
}

Result<std::shared_ptr<Module>> Host::load(std::span<const std::byte> bytes, std::string name) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  host::Vouching vouching = BERTH_TRY(host::vouch_for_bytes(text, name, parts_->owner.trusts));
  const auto image = parts_->compile(text);
  if (!image) return embed::named(name, image.error());
  return Module::Parts::open(shared_from_this(), *image, std::move(name), sha256(text),
                             std::move(vouching.bounds));
}

Result<std::shared_ptr<Module>> Module::Parts::open(std::shared_ptr<Host> host, const engine::Image& image,
                                                    std::string name, const Digest& digest,
                                                    std::vector<policy::Bounds> claims) {
  auto parts = std::make_unique<Module::Parts>();
  auto module = host->parts_->engine->open(host->parts_->kind, image);
  if (!module) return embed::named(name, module.error());
  const auto imports = (*module)->imports();
  if (!imports) return embed::named(name, imports.error());
  parts->imports = BERTH_TRY(embed::read_imports(*imports));
  parts->host = std::move(host);
  parts->name = std::move(name);
  parts->digest = digest;
  parts->claims = std::move(claims);
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
  const Host::Parts& host = *parts_->host->parts_;
  const embed::Granting granting{.name = parts_->name,
                                 .digest = parts_->digest,
                                 .claims = parts_->claims,
                                 .content = host.content,
                                 .counts_fuel = host.kind.fuel};
  parts->granted = BERTH_TRY(embed::Granted::grant(options, host.owner, granting));
  const engine::Guest guest = BERTH_TRY(parts->granted.guest());
  parts->program = std::make_unique<embed::Program>(
      BERTH_TRY(embed::find_imports(options.imports, parts_->imports, parts_->name)),
      options.imports.resources());
  auto live = engine::Live::create(*host.engine, *parts_->module, guest, *parts->program);
  if (!live) {
    Error error = embed::error_of(live.error(), parts_->name, "its start");
    error.message += parts->granted.keeper().refused_since(0);
    return std::unexpected(std::move(error));
  }
  parts->live = std::move(*live);
  parts->canceller = parts->live->canceller();
  parts->workers = host.workers.get();
  parts->turns = std::make_shared<embed::Turns>();
  std::shared_ptr<Instance> instance(new Instance(std::move(parts)));
  instance->resources().set_instance(instance);
  return instance;
}

Instance::Instance(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Instance::~Instance() {
  embed::Streams& streams = parts_->program->streams();
  if (streams.any()) streams.fail({.code = ErrorCode::kUnavailable, .message = "its instance is gone"});
}

void Instance::cancel() {
  parts_->canceller->cancel();
}

std::chrono::nanoseconds Instance::cpu_used() const {
  return parts_->live->cpu_used();
}

detail::Resources& Instance::resources() const {
  return parts_->program->resources();
}

Result<std::shared_ptr<const embed::Exported>> Instance::Parts::find(std::string_view name) const {
  const Module::Parts& parts = *module->parts_;
  return parts.exports.find(*parts.module, parts.name, name);
}

Result<size_t> Instance::Parts::bind(const embed::Exported& found) {
  if (busy.exchange(true, std::memory_order_acquire)) return embed::busy();
  auto number = live->bind(found.function);
  leave(nullptr);
  return number;
}

Result<size_t> Instance::bind(std::string_view name, FunctionType wanted) {
  const auto found = BERTH_TRY(parts_->find(name));
  const embed::Described& described = found->described;
  embed::name_resources(wanted, described.type, parts_->program->names());
  if (!fits(wanted, described.type)) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format(
            "'{}' of '{}' has other types than the program calls it with\n  program: {}\n  module:  {}",
            described.name, parts_->module->parts_->name, to_wit(wanted), to_wit(described.type)));
  }
  return parts_->bind(*found);
}

Result<DynamicFunction> Instance::function(std::string_view name) {
  const auto found = BERTH_TRY(parts_->find(name));
  const embed::Described& described = found->described;
  if (!embed::has_values(described.type, parts_->program->names())) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("'{}' of '{}' can't be called without C++ types: {}", described.name,
                            parts_->module->parts_->name, to_wit(described.type)));
  }
  const size_t number = BERTH_TRY(parts_->bind(*found));
  return DynamicFunction(shared_from_this(), number, described.type);
}

Result<void> Instance::call(size_t function, std::span<const uint64_t> words, detail::Take take, void* to) {
  embed::Calling calling(take, to, resources());
  return parts_->call(function, words, calling);
}

Result<void> Instance::Parts::call(size_t function, std::span<const uint64_t> words,
                                   embed::Calling& calling) {
  if (busy.exchange(true, std::memory_order_acquire)) return embed::busy();
  const embed::Keeper& keeper = granted.keeper();
  const uint64_t refusals = keeper.refusals();
  calling.begin(over);
  live->call(function, words, calling);
  if (calling.failure()) {
    Error error = embed::error_of(*calling.failure(), module->parts_->name, "the call");
    error.message += keeper.refused_since(refusals);
    leave(&error);
    return std::unexpected(std::move(error));
  }
  leave(nullptr);
  if (!calling.taken()) return fail(ErrorCode::kUnavailable, "there is no memory for a call's result");
  return {};
}

bool Instance::go_on(detail::Until until, const std::function<bool()>& done) {
  if (parts_->busy.exchange(true, std::memory_order_acquire)) return false;
  const embed::Keeper& keeper = parts_->granted.keeper();
  const uint64_t refusals = keeper.refusals();
  std::optional<std::chrono::nanoseconds> time;
  if (until) time = *until - std::chrono::steady_clock::now();
  const auto gone_on = parts_->live->go_on(parts_->program->streams().waiter(), time, done);
  if (gone_on) {
    parts_->leave(nullptr);
  } else {
    Error error = embed::error_of(gone_on.error(), parts_->module->parts_->name, "a stream's wait");
    error.message += keeper.refused_since(refusals);
    parts_->leave(&error);
  }
  return true;
}

void Instance::Parts::leave(const Error* failed) noexcept {
  embed::Streams& streams = program->streams();
  const bool any = streams.any();
  if (failed != nullptr) over = true;
  if (any && failed != nullptr) streams.fail(*failed);
  busy = false;
  drop_pending();
  if (any) streams.take_turns();
}

void Instance::start(std::shared_ptr<detail::Started> call) {
  parts_->turns->add(std::move(call), *parts_->workers);
}

void Instance::start_beside(std::shared_ptr<detail::Started> call) {
  if (parts_->workers->run([call] { call->run(); })) return;
  call->refuse({.code = ErrorCode::kUnavailable, .message = "the system has no thread for a call"});
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
    for (const uint64_t resource : pending())
      if (!live->drop(resource)) over = true;
    busy = false;
    if (program->streams().any()) program->streams().take_turns();
  }
}

}  // namespace berth
