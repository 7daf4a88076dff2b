// SPDX-License-Identifier: Apache-2.0
// Calls: the callbacks that come back from the engine's threads end here.

#include <array>
#include <utility>

#include "engine/abi_values.h"
#include "engine/engine.h"

namespace berth::engine {
namespace {

/// What the engine holds on to for one call; `finished` frees it.
struct Running {
  berth_meter meter = {};
  DoorKeeper* keeper = nullptr;
  std::function<void(Outcome)> done;
};

std::string_view operation_name(int32_t operation) {
  static constexpr std::array<std::string_view, 18> kNames{
      "",        "open-read", "open-write", "stat", "readlink", "create",  "remove",  "rename", "link",
      "symlink", "set-times", "connect",    "bind", "send",     "resolve", "request", "listen", "receive"};
  return operation >= 0 && static_cast<size_t>(operation) < kNames.size()
             ? kNames[static_cast<size_t>(operation)]
             : "";
}

extern "C" bool berth_on_ask(void* context, const berth_knock* knock) noexcept {
  const auto& running = *static_cast<Running*>(context);
  return running.keeper->ask({.door = static_cast<Knock::Door>(knock->capability - BERTH_CAPABILITY_FILES),
                              .cause = static_cast<Knock::Cause>(knock->reason - BERTH_REASON_NO_GRANT),
                              .operation = operation_name(knock->operation),
                              .target = view(knock->target),
                              .method = view(knock->method),
                              .resolved_to = view(knock->resolved_to),
                              .resolved_from = view(knock->resolved_from),
                              .quiet = knock->quiet});
}

extern "C" void berth_on_done(void* context, const berth_outcome* outcome) noexcept {
  std::unique_ptr<Running> running(static_cast<Running*>(context));
  running->done({.ending = static_cast<Outcome::Ending>(outcome->ending),
                 .exit_status = outcome->exit_status,
                 .limit = static_cast<Limit>(outcome->limit),
                 .reason = std::string(view(outcome->reason)),
                 .result = std::string(view(outcome->result)),
                 .trace = std::string(view(outcome->trace)),
                 .cpu_used = std::chrono::nanoseconds(load(running->meter.cpu_used_ns)),
                 .cpu_throttled = std::chrono::nanoseconds(load(running->meter.cpu_throttled_ns)),
                 .fuel_used = load(running->meter.fuel_used),
                 .network = {.sent_bytes = load(running->meter.net_sent_bytes),
                             .received_bytes = load(running->meter.net_received_bytes),
                             .connections = load(running->meter.connections)},
                 .still_running = outcome->still_running,
                 .unfinished_line = outcome->unfinished_line});
  // A guest that goes on still counts and knocks.
  if (outcome->still_running) std::ignore = running.release();
}

std::vector<berth_slice> slices(const std::vector<std::string>& texts) {
  std::vector<berth_slice> list;
  for (const std::string& text : texts) list.push_back(slice(text));
  return list;
}

/// A limit as the ABI says it: 0 is none, so the shortest one is 1.
uint64_t abi_limit(std::optional<std::chrono::nanoseconds> limit) {
  if (!limit) return 0;
  return limit->count() > 0 ? static_cast<uint64_t>(limit->count()) : 1;
}

}  // namespace

Call::~Call() {
  berth_call_free(call_);
}

void Call::cancel() {
  berth_call_cancel(call_);
}

Result<std::unique_ptr<Call>> Engine::start(const Module& module, const Guest& guest,
                                            std::function<void(Outcome)> done) const {
  const std::vector<berth_slice> args = slices(guest.args);
  const std::vector<berth_slice> names = slices(guest.names);
  const std::vector<berth_slice> dns_servers = slices(guest.dns_servers);
  std::vector<berth_slice> env;
  for (const auto& [name, value] : guest.env) {
    env.push_back(slice(name));
    env.push_back(slice(value));
  }
  std::vector<berth_folder> folders;
  for (const Folder& folder : guest.folders) {
    folders.push_back({.host_path = slice(folder.host_path),
                       .guest_path = slice(folder.guest_path),
                       .writable = folder.writable,
                       .ledger = folder.ledger != nullptr ? folder.ledger->abi() : nullptr,
                       .account = folder.account});
  }
  auto running = std::make_unique<Running>();
  running->meter = {.cpu_limit_ns = abi_limit(guest.cpu_time),
                    .cpu_used_ns = 0,
                    .cpu_throttled_ns = 0,
                    .wall_limit_ns = abi_limit(guest.wall),
                    .fuel_limit = guest.fuel.value_or(0),
                    .fuel_used = 0,
                    .net_sent_bytes = 0,
                    .net_received_bytes = 0,
                    .connections = 0};
  running->keeper = guest.keeper;
  running->done = std::move(done);
  const berth_guest abi = {.function = guest.function != nullptr ? guest.function->abi() : nullptr,
                           .args = {.items = args.data(), .len = args.size()},
                           .env = {.items = env.data(), .len = env.size()},
                           .folders = folders.data(),
                           .folders_len = folders.size(),
                           .phantom = guest.phantom,
                           .phantom_always = guest.phantom_always,
                           .stdin_open = guest.stdin_open,
                           .stdout_open = guest.stdout_open,
                           .stderr_open = guest.stderr_open,
                           .portable = guest.ways == Ways::kPortable,
                           .handles = guest.handles,
                           .host_buffer_bytes = guest.host_buffer_bytes,
                           .guards_off = guest.guards_off,
                           .budget = guest.budget->abi(),
                           .meter = &running->meter,
                           .share = guest.share != nullptr ? guest.share->abi() : nullptr,
                           .names = {.items = names.data(), .len = names.size()},
                           .traffic = guest.traffic != nullptr ? guest.traffic->abi() : nullptr,
                           .dns_servers = {.items = dns_servers.data(), .len = dns_servers.size()},
                           .ask = berth_on_ask,
                           .done = berth_on_done,
                           .context = running.get()};
  OwnedBytes error;
  berth_call* call = nullptr;
  if (const int32_t code = berth_call_start(runtime_, module.abi(), &abi, &call, error.out()); code != 0) {
    return abi_error(code, error);
  }
  std::ignore = running.release();  // berth_on_done frees it
  return std::make_unique<Call>(call);
}

}  // namespace berth::engine
