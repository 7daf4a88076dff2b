// SPDX-License-Identifier: Apache-2.0
// Calls: the callbacks that come back from the engine's threads end here.

#include <utility>

#include "engine/abi_guest.h"
#include "engine/abi_values.h"
#include "engine/engine.h"
#include "engine/fiber_stack.h"

namespace berth::engine {
namespace {

/// What the engine holds on to for one call; `finished` frees it.
struct Running {
  berth_meter meter = {};
  DoorKeeper* keeper = nullptr;
  std::function<void(Outcome)> done;
};

extern "C" bool berth_on_ask(void* context, const berth_knock* knock) noexcept {
  const FiberStack stack;
  return static_cast<Running*>(context)->keeper->ask(knock_of(*knock));
}

extern "C" void berth_on_done(void* context, const berth_outcome* outcome) noexcept {
  std::unique_ptr<Running> running(static_cast<Running*>(context));
  Outcome ended = outcome_of(*outcome);
  ended.cpu_used = std::chrono::nanoseconds(load(running->meter.cpu_used_ns));
  ended.cpu_throttled = std::chrono::nanoseconds(load(running->meter.cpu_throttled_ns));
  ended.fuel_used = load(running->meter.fuel_used);
  ended.network = {.sent_bytes = load(running->meter.net_sent_bytes),
                   .received_bytes = load(running->meter.net_received_bytes),
                   .connections = load(running->meter.connections)};
  running->done(std::move(ended));
  // A guest that goes on still counts and knocks.
  if (outcome->still_running) std::ignore = running.release();
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
  auto running = std::make_unique<Running>();
  running->meter = meter_of(guest);
  running->keeper = guest.keeper;
  running->done = std::move(done);
  const AbiGuest given(guest, running->meter, berth_on_ask, running.get());
  berth_guest abi = given.abi();
  abi.done = berth_on_done;
  OwnedBytes error;
  berth_call* call = nullptr;
  if (const int32_t code = berth_call_start(runtime_, module.abi(), &abi, &call, error.out()); code != 0) {
    return abi_error(code, error);
  }
  std::ignore = running.release();  // berth_on_done frees it
  return std::make_unique<Call>(call);
}

}  // namespace berth::engine
