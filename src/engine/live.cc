// SPDX-License-Identifier: Apache-2.0
#include "engine/live.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/abi_guest.h"
#include "engine/abi_values.h"
#include "engine/fiber_stack.h"

namespace berth::engine {

/// What an instance is lent by this room.
struct Live::Lending {
  berth_meter meter = {};
  DoorKeeper* keeper = nullptr;
};

namespace {

extern "C" void berth_on_live_failed(void* context, const berth_outcome* outcome) noexcept {
  const FiberStack stack;
  static_cast<std::optional<Outcome>*>(context)->emplace(outcome_of(*outcome));
}

extern "C" void berth_on_live_returned(void* context, const uint64_t* words, size_t count) noexcept {
  const FiberStack stack;
  static_cast<Caller*>(context)->returned({words, count});
}

extern "C" void berth_on_live_call_failed(void* context, const berth_outcome* outcome) noexcept {
  const FiberStack stack;
  static_cast<Caller*>(context)->failed(outcome_of(*outcome));
}

/// Into one that says nothing yet.
void write(berth_answer& out, const Program::Answer& answer) {
  out.words = answer.words.data();
  out.len = answer.words.size();
  out.held = answer.held;
  if (answer.later) out.later = true;
  if (!answer.failure.empty()) out.failure = slice(answer.failure);
}

extern "C" bool berth_on_program_call(void* context, size_t function, const uint64_t* words, size_t count,
                                      berth_answer* out) noexcept {
  const FiberStack stack;
  Program::Answer answer;
  const bool answered = static_cast<Program*>(context)->call(function, {words, count}, answer);
  write(*out, answer);
  return answered;
}

extern "C" bool berth_on_program_collect(void* context, berth_answer* out) noexcept {
  const FiberStack stack;
  Program::Answer answer;
  const bool answered = static_cast<Program*>(context)->collect(answer);
  write(*out, answer);
  return answered;
}

extern "C" void* berth_on_program_begin(void* context, size_t function, const uint64_t* words, size_t count,
                                        berth_waiter* waiter) noexcept {
  const FiberStack stack;
  return static_cast<Program*>(context)
      ->begin(function, {words, count}, std::make_unique<Waiter>(waiter))
      .release();
}

extern "C" bool berth_on_begun_poll(void* begun, berth_answer* out) noexcept {
  const FiberStack stack;
  Program::Answer answer;
  const bool answered = static_cast<Program::Begun*>(begun)->poll(answer);
  write(*out, answer);
  return answered;
}

extern "C" void berth_on_begun_end(void* begun) noexcept {
  const FiberStack stack;
  delete static_cast<Program::Begun*>(begun);
}

extern "C" void* berth_on_sink(void* context, uint64_t word, berth_waiter* waiter) noexcept {
  const FiberStack stack;
  return static_cast<Program*>(context)->sink(word, std::make_unique<Waiter>(waiter)).release();
}

extern "C" int64_t berth_on_sink_wanted(void* sink) noexcept {
  const FiberStack stack;
  const auto wanted = static_cast<Sink*>(sink)->wanted();
  return wanted ? static_cast<int64_t>(std::min<uint64_t>(*wanted, INT64_MAX)) : -1;
}

extern "C" bool berth_on_sink_deliver(void* sink, const uint64_t* words, size_t count) noexcept {
  const FiberStack stack;
  return static_cast<Sink*>(sink)->deliver({words, count});
}

extern "C" void berth_on_sink_end(void* sink) noexcept {
  const FiberStack stack;
  delete static_cast<Sink*>(sink);
}

extern "C" void* berth_on_source(void* context, uint64_t word, berth_waiter* waiter) noexcept {
  const FiberStack stack;
  return static_cast<Program*>(context)->source(word, std::make_unique<Waiter>(waiter)).release();
}

extern "C" int32_t berth_on_source_take(void* source, size_t most, berth_values* out) noexcept {
  const FiberStack stack;
  std::unique_ptr<Values> values;
  const auto taken = static_cast<Source*>(source)->take(most, values);
  if (values) {
    out->words = values->words().data();
    out->len = values->words().size();
    out->count = values->count();
    out->values = values.release();
  }
  return static_cast<int32_t>(taken);
}

extern "C" void berth_on_values_end(void* values, bool delivered) noexcept {
  const FiberStack stack;
  const std::unique_ptr<Values> ended(static_cast<Values*>(values));
  if (delivered) ended->delivered();
}

extern "C" void berth_on_source_end(void* source) noexcept {
  const FiberStack stack;
  delete static_cast<Source*>(source);
}

/// Whoever waits for an instance to go on.
struct GoingOn {
  const std::function<bool()>& done;
  std::optional<Outcome> failed{};
};

extern "C" bool berth_on_going_on_done(void* context) noexcept {
  const FiberStack stack;
  return static_cast<GoingOn*>(context)->done();
}

extern "C" void berth_on_going_on_failed(void* context, const berth_outcome* outcome) noexcept {
  const FiberStack stack;
  static_cast<GoingOn*>(context)->failed.emplace(outcome_of(*outcome));
}

extern "C" void berth_on_program_release(void* context) noexcept {
  const FiberStack stack;
  static_cast<Program*>(context)->release();
}

extern "C" void berth_on_program_drop(void* context, uint32_t resource) noexcept {
  const FiberStack stack;
  static_cast<Program*>(context)->drop(resource);
}

}  // namespace

Result<Export> Export::find(const Module& module, std::string_view name) {
  OwnedBytes error;
  OwnedBytes description;
  berth_export* found = nullptr;
  const int32_t code = berth_module_export(module.abi(), slice(name), &found, description.out(), error.out());
  if (code != 0) return abi_error(code, error);
  return Export(found, std::string(description.view()));
}

Export::Export(Export&& other) noexcept
    : export_(std::exchange(other.export_, nullptr)), description_(std::move(other.description_)) {}

Export::~Export() {
  berth_export_free(export_);
}

Canceller::~Canceller() {
  berth_canceller_free(canceller_);
}

void Canceller::cancel() {
  berth_canceller_cancel(canceller_);
}

Waiter::Waiter() : waiter_(berth_waiter_new()) {}

Waiter::~Waiter() {
  berth_waiter_free(waiter_);
}

void Waiter::wake() noexcept {
  berth_waiter_wake(waiter_);
}

Live::Live(std::unique_ptr<Lending> lending) : lending_(std::move(lending)) {}

Live::~Live() {
  berth_live_free(live_);
}

std::expected<std::unique_ptr<Live>, Outcome> Live::create(const Engine& engine, const Module& module,
                                                           const Guest& guest, Program& program) {
  auto lending = std::make_unique<Lending>();
  lending->meter = meter_of(guest);
  lending->keeper = guest.keeper;
  const auto ask = [](void* context, const berth_knock* knock) noexcept {
    const FiberStack stack;
    return static_cast<Lending*>(context)->keeper->ask(knock_of(*knock));
  };
  const AbiGuest given(guest, lending->meter, ask, lending.get());
  std::unique_ptr<Live> live(new Live(std::move(lending)));
  OwnedBytes error;
  std::optional<Outcome> failed;
  const berth_program functions = {.call = berth_on_program_call,
                                   .collect = berth_on_program_collect,
                                   .answers_later = program.answers_later(),
                                   .waiter = program.waiter().abi(),
                                   .begin = berth_on_program_begin,
                                   .poll = berth_on_begun_poll,
                                   .end = berth_on_begun_end,
                                   .channels = {.sink = berth_on_sink,
                                                .wanted = berth_on_sink_wanted,
                                                .deliver = berth_on_sink_deliver,
                                                .sink_end = berth_on_sink_end,
                                                .source = berth_on_source,
                                                .take = berth_on_source_take,
                                                .values_end = berth_on_values_end,
                                                .source_end = berth_on_source_end},
                                   .release = berth_on_program_release,
                                   .drop = berth_on_program_drop,
                                   .context = &program};
  const int32_t code = berth_live_new(engine.abi(), module.abi(), &given.abi(), &functions,
                                      berth_on_live_failed, &failed, &live->live_, error.out());
  if (code != 0) {
    Outcome outcome;
    outcome.reason = std::string(error.view());
    return std::unexpected(std::move(outcome));
  }
  if (failed) return std::unexpected(std::move(*failed));
  return live;
}

Result<size_t> Live::bind(const Export& function) {
  OwnedBytes error;
  size_t number = 0;
  const int32_t code = berth_live_bind(live_, function.abi(), &number, error.out());
  if (code != 0) return abi_error(code, error);
  return number;
}

void Live::call(size_t function, std::span<const uint64_t> words, Caller& caller) {
  berth_live_call(live_, function, words.data(), words.size(), berth_on_live_returned,
                  berth_on_live_call_failed, &caller);
}

std::expected<void, Outcome> Live::go_on(const Waiter& waiter, std::optional<std::chrono::nanoseconds> time,
                                         const std::function<bool()>& done) {
  GoingOn going{.done = done};
  const auto wait = time ? static_cast<uint64_t>(std::max<int64_t>(time->count(), 1)) : 0;
  if (berth_live_go_on(live_, waiter.abi(), wait, berth_on_going_on_done, berth_on_going_on_failed, &going)) {
    return {};
  }
  return std::unexpected(std::move(*going.failed));
}

bool Live::drop(uint64_t resource) {
  return berth_live_drop(live_, resource);
}

bool Live::on_fiber() const {
  return berth_live_on_fiber(live_);
}

std::unique_ptr<Canceller> Live::canceller() const {
  return std::make_unique<Canceller>(berth_live_canceller(live_));
}

std::chrono::nanoseconds Live::cpu_used() const {
  return std::chrono::nanoseconds(load(lending_->meter.cpu_used_ns));
}

}  // namespace berth::engine
