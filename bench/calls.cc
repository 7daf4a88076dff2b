// SPDX-License-Identifier: Apache-2.0
// calls MODULE CALLER SECONDS: calls the module's functions through libberth, as a program does, with a limit
// of memory and time, and has CALLER call the program's. Prints a JSON object of nanoseconds a call.
// bench/calls.py starts it beside the engine's own Rust API.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "berth/berth.h"

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

struct Reading {
  uint64_t id;
  std::string name;
  std::vector<double> values;
  bool ok;
  uint32_t a;
  uint32_t b;
  int64_t c;
  float d;
};

/// The quickest of so many rounds counts: everything else was something else's.
constexpr int kRounds = 5;

template <class F>
double nanoseconds_a_call(std::chrono::duration<double> time, F&& call) {
  double best = 1e18;
  for (int round = 0; round < kRounds; ++round) {
    const auto began = Clock::now();
    int calls = 0;
    while (Clock::now() - began < time / kRounds) {
      for (int i = 0; i < 16; ++i) call();
      calls += 16;
    }
    best = std::min(best, std::chrono::duration<double, std::nano>(Clock::now() - began).count() / calls);
  }
  return best;
}

/// A call of a program that does nothing without it.
template <class T>
T or_end(berth::Result<T> result) {
  if (!result) {
    fmt::print(stderr, "{}\n", result.error().message);
    std::exit(1);
  }
  return std::move(*result);
}

struct HostCalls {
  double none;  // the call alone, directly
  double add;
  double text;
};

/// A module calls the program's functions in a loop of its own.
HostCalls host_calls(const std::shared_ptr<berth::Module>& module, berth::InstanceOptions options,
                     std::chrono::duration<double> time) {
  constexpr uint32_t kCalls = 1000;
  options.imports.function("log", [](std::string_view) {})
      .function("add", [](int32_t a, int32_t b) { return a + b; })
      .function("greet", [](std::string_view name) { return std::string(name); });
  const auto instance = or_end(module->instantiate(options));
  const auto timed = [&](const char* name, uint32_t calls) {
    const auto function = or_end(instance->function<uint32_t(uint32_t)>(name));
    return nanoseconds_a_call(time, [&] { or_end(function(calls)); });
  };
  return {.none = timed("adds", 0),
          .add = timed("adds", kCalls) / kCalls,
          .text = timed("greets", kCalls) / kCalls};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: calls MODULE CALLER SECONDS\n");
    return 2;
  }
  const std::chrono::duration<double> time(std::strtod(argv[3], nullptr));
  const auto host = or_end(berth::Host::create({.places = 1000}));
  const auto module = or_end(host->load(argv[1]));
  const berth::InstanceOptions limits{.limits = {.memory_bytes = 64 << 20, .cpu_time = 10s, .wall = 60s},
                                      .grants = {}};
  const auto instance = or_end(module->instantiate(limits));
  const auto add = or_end(instance->function<int32_t(int32_t, int32_t)>("add"));
  const auto text = or_end(instance->function<std::string(std::string_view)>("texts"));
  const auto bytes = or_end(instance->function<std::vector<uint8_t>(std::span<const uint8_t>)>("bytes"));
  const auto record = or_end(instance->function<Reading(Reading)>("readings"));
  const std::vector<uint8_t> mebibyte(1 << 20, 7);
  const Reading reading{.id = 1,
                        .name = "a reading",
                        .values = {1.5, 2.5, 3.5, 4.5},
                        .ok = true,
                        .a = 1,
                        .b = 2,
                        .c = 3,
                        .d = 0.5F};

  const auto adding = nanoseconds_a_call(time, [&] { or_end(add(1, 2)); });
  const auto texting = nanoseconds_a_call(time, [&] { or_end(text("sixteen letters!")); });
  const auto copying = nanoseconds_a_call(time, [&] { or_end(bytes(mebibyte)); });
  const auto recording = nanoseconds_a_call(time, [&] { or_end(record(reading)); });
  const auto making = nanoseconds_a_call(time, [&] {
    const auto fresh = or_end(module->instantiate(limits));
    or_end(or_end(fresh->function<int32_t(int32_t, int32_t)>("add"))(1, 2));
  });
  // Two instances on two threads, for as long; the sum of their rates against one's.
  const auto rate = [&] {
    const auto own = or_end(module->instantiate(limits));
    const auto adds = or_end(own->function<int32_t(int32_t, int32_t)>("add"));
    return 1e9 / nanoseconds_a_call(time, [&] { or_end(adds(1, 2)); });
  };
  const double alone = rate();
  double beside = 0;
  double here = 0;
  {
    std::jthread other([&] { beside = rate(); });
    here = rate();
  }
  const HostCalls calls = host_calls(or_end(host->load(argv[2])), limits, time);
  fmt::print(R"({{"add": {:.1f}, "text": {:.1f}, "bytes": {:.1f}, "record": {:.1f}, "instance": {:.1f}, )"
             R"("direct": {:.1f}, "host_add": {:.1f}, "host_text": {:.1f}, "threads": {:.3f}}})"
             "\n",
             adding, texting, copying, recording, making, calls.none, calls.add, calls.text,
             (here + beside) / alone);
}
