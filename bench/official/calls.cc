// SPDX-License-Identifier: Apache-2.0
// official MODULE CALLER SECONDS: the calls of bench/calls.cc through Wasmtime's official C++ API. Prints a
// JSON object of nanoseconds a call. bench/calls.py builds and starts it beside libberth.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>
#include <wasmtime/component.hh>
#include <wasmtime/config.hh>
#include <wasmtime/engine.hh>
#include <wasmtime/store.hh>
#include <wasmtime/wasi.hh>

namespace {

using wasmtime::Span;
using wasmtime::Store;
using wasmtime::component::Component;
using wasmtime::component::Func;
using wasmtime::component::FuncType;
using wasmtime::component::Instance;
using wasmtime::component::Linker;
using wasmtime::component::List;
using wasmtime::component::Record;
using wasmtime::component::Val;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;
using Done = wasmtime::Result<std::monostate>;

/// The quickest of so many rounds counts: everything else was something else's.
constexpr int kRounds = 5;
constexpr uint32_t kHostCalls = 1000;
/// No call comes near it.
constexpr uint64_t kTicks = uint64_t{1} << 40;

template <class F>
double nanoseconds_a_call(Seconds time, F&& call) {
  double best = 1e18;
  for (int round = 0; round < kRounds; ++round) {
    const auto began = Clock::now();
    int calls = 0;
    do {
      call();
      ++calls;
    } while (Clock::now() - began < time / kRounds);
    best = std::min(best, std::chrono::duration<double, std::nano>(Clock::now() - began).count() / calls);
  }
  return best;
}

Component compiled(wasmtime::Engine& engine, const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
  return Component::compile(engine, Span<uint8_t>(bytes.data(), bytes.size())).unwrap();
}

/// A store with one instance in it.
struct Lives {
  Lives(wasmtime::Engine& engine, Linker& linker, const Component& component)
      : store(engine), instance(made(store, linker, component)) {}

  static Instance made(Store& store, Linker& linker, const Component& component) {
    store.context().set_wasi(wasmtime::WasiConfig()).unwrap();
    store.context().set_epoch_deadline(kTicks);
    return linker.instantiate(store.context(), component).unwrap();
  }

  Func function(std::string_view name, std::string_view interface = {}) {
    const auto outer =
        interface.empty() ? std::nullopt : instance.get_export_index(store.context(), nullptr, interface);
    const auto index = instance.get_export_index(store.context(), outer ? &*outer : nullptr, name);
    return instance.get_func(store.context(), *index).value();
  }

  Val call(const Func& function, std::vector<Val> given) {
    Val result(false);
    function.call(store.context(), Span<const Val>(given.data(), given.size()), Span<Val>(&result, 1))
        .unwrap();
    return result;
  }

  Store store;
  Instance instance;
};

Val reading() {
  std::vector<Val> values;
  for (const double value : {1.5, 2.5, 3.5, 4.5}) values.emplace_back(value);
  std::vector<std::pair<std::string_view, Val>> fields;
  fields.emplace_back("id", Val(uint64_t{1}));
  fields.emplace_back("name", Val::string("a reading"));
  fields.emplace_back("values", Val(List(std::move(values))));
  fields.emplace_back("ok", Val(true));
  fields.emplace_back("a", Val(uint32_t{1}));
  fields.emplace_back("b", Val(uint32_t{2}));
  fields.emplace_back("c", Val(int64_t{3}));
  fields.emplace_back("d", Val(0.5F));
  return Val(Record(std::move(fields)));
}

void add_host_functions(Linker& linker) {
  auto root = linker.root();
  root.add_func(
          "log",
          [](Store::Context, const FuncType&, Span<Val>, Span<Val>) -> Done { return std::monostate(); })
      .unwrap();
  root.add_func("add",
                [](Store::Context, const FuncType&, Span<Val> given, Span<Val> result) -> Done {
                  result.data()[0] = Val(int32_t(given.data()[0].get_s32() + given.data()[1].get_s32()));
                  return std::monostate();
                })
      .unwrap();
  root.add_func("greet",
                [](Store::Context, const FuncType&, Span<Val> given, Span<Val> result) -> Done {
                  result.data()[0] = Val::string(given.data()[0].get_string());
                  return std::monostate();
                })
      .unwrap();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: official MODULE CALLER SECONDS\n", stderr);
    return 2;
  }
  const Seconds time(std::strtod(argv[3], nullptr));
  wasmtime::Config config;
  config.wasm_component_model(true);
  config.epoch_interruption(true);
  wasmtime::Engine engine(std::move(config));
  const Component module = compiled(engine, argv[1]);
  Linker linker(engine);
  linker.add_wasip2().unwrap();

  Lives lives(engine, linker, module);
  const Func add = lives.function("add");
  const double adding =
      nanoseconds_a_call(time, [&] { lives.call(add, {Val(int32_t{1}), Val(int32_t{2})}); });
  constexpr std::string_view kEcho = "berth:every/echo@1.0.0";
  const Func text = lives.function("texts", kEcho);
  const double texting =
      nanoseconds_a_call(time, [&] { lives.call(text, {Val::string("sixteen letters!")}); });
  const Func bytes = lives.function("bytes", kEcho);
  const double copying = nanoseconds_a_call(time, [&] {
    std::vector<Val> mebibyte(1 << 20, Val(uint8_t{7}));
    lives.call(bytes, {Val(List(std::move(mebibyte)))});
  });
  const Func record = lives.function("readings", kEcho);
  const double recording = nanoseconds_a_call(time, [&] { lives.call(record, {reading()}); });
  const double making = nanoseconds_a_call(time, [&] {
    Lives fresh(engine, linker, module);
    fresh.call(fresh.function("add"), {Val(int32_t{1}), Val(int32_t{2})});
  });

  const Component caller = compiled(engine, argv[2]);
  Linker host(engine);
  add_host_functions(host);
  Lives calls(engine, host, caller);
  const auto timed = [&](std::string_view name, uint32_t times) {
    const Func function = calls.function(name);
    return nanoseconds_a_call(time, [&] { calls.call(function, {Val(times)}); }) / std::max(times, 1U);
  };
  const double plain = timed("adds", 0);
  const double host_adding = timed("adds", kHostCalls);
  const double host_texting = timed("greets", kHostCalls);
  std::printf(
      R"({"add": %.1f, "text": %.1f, "bytes": %.1f, "record": %.1f, "instance": %.1f, "direct": %.1f, )"
      R"("host_add": %.1f, "host_text": %.1f})"
      "\n",
      adding, texting, copying, recording, making, plain, host_adding, host_texting);
  return 0;
}
