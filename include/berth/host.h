// SPDX-License-Identifier: Apache-2.0
#pragma once
// Modules in a running program: a `Host` loads them, a `Module` makes instances, an `Instance` is called.
//
//   auto host    = berth::Host::create().value();               // everything denied
//   auto module  = host->load("plugins/greeter.wasm").value();
//   auto greeter = module->instantiate({.limits = {.memory_bytes = 32 << 20}}).value();
//   auto greet   = greeter->function<std::string(std::string_view)>("greet").value();
//   std::string text = greet("World").value();
//
// Whatever a module does, it costs its own instance only. What it may do is what it is granted: nothing,
// unless said.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "berth/codec.h"
#include "berth/result.h"

namespace berth {

class Instance;
class Module;

struct HostOptions {
  /// Threads that move on what instances wait for; calls themselves run on the threads that make them.
  size_t lanes = 1;
  /// The `berth` program, to read and compile modules in a process of their own, which a hostile module can't
  /// harm. Where it is empty that happens in this process.
  std::string compiler;
};

/// How much an instance may use. Absent: as `berth run` has it (1 GiB of memory), and no limit of time.
struct InstanceLimits {
  std::optional<uint64_t> memory_bytes;
  std::optional<std::chrono::nanoseconds> cpu_time;  // of one call
  std::optional<std::chrono::nanoseconds> wall;      // of one call, waiting included
};

struct InstanceOptions {
  InstanceLimits limits;
  /// As `berth run --grant` has them: "files ./data:/data:ro". None: everything is denied.
  std::vector<std::string> grants;
};

/// The engine and its threads. Any thread. Modules and instances keep it.
class Host : public std::enable_shared_from_this<Host> {
 public:
  static Result<std::shared_ptr<Host>> create(const HostOptions& options = {});
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host();

  /// Reads and compiles a component, a core module of preview 1, or the text of either. Blocks.
  Result<std::shared_ptr<Module>> load(const std::string& path);
  /// `name` is what messages call it.
  Result<std::shared_ptr<Module>> load(std::span<const std::byte> bytes, std::string name);

 private:
  friend class Module;
  struct Parts;
  explicit Host(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

/// A compiled module. Any thread.
class Module : public std::enable_shared_from_this<Module> {
 public:
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  ~Module();

  /// The functions that it exports: "shop:price/rule@1.2.0.total: func(id: u32) -> u32".
  Result<std::vector<std::string>> functions() const;

  /// Makes an instance on this thread. Many may be made, and live on different threads.
  Result<std::shared_ptr<Instance>> instantiate(const InstanceOptions& options = {}) const;

 private:
  friend class Host;
  friend class Instance;
  struct Parts;
  explicit Module(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

namespace detail {

/// Takes a result out of its words; false when there was no memory for it.
using Take = bool (*)(void* to, std::span<const uint64_t> words) noexcept;

/// Where the result of a call goes.
template <class R>
struct Taken {
  std::optional<R> value;

  static bool take(void* to, std::span<const uint64_t> words) noexcept try {
    Reader from(words);
    static_cast<Taken*>(to)->value.emplace(detail::take<R>(from));
    return true;
  } catch (...) {
    return false;
  }
};
template <>
struct Taken<void> {
  static bool take(void*, std::span<const uint64_t>) noexcept {
    return true;
  }
};

template <class Signature>
struct Function;

}  // namespace detail

/// A function of an instance, with its C++ types. Keeps the instance. Calls follow the instance's rule: one
/// at a time.
template <class Signature>
using Function = detail::Function<Signature>;

/// What a module is while it runs: its memory, its state. One call at a time, from whichever thread: a call
/// beside another one is an error, kUnavailable, and changes nothing.
class Instance : public std::enable_shared_from_this<Instance> {
 public:
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  /// Not while a call goes on.
  ~Instance();

  /// Finds an exported function, by the name that `berth call` takes: "greet", "rule.total",
  /// "shop:price/rule@1.2.0.total". kInvalidArgument when its types are others, with both; kNotFound.
  template <class Signature>
  Result<Function<Signature>> function(std::string_view name);

  /// Ends the call that goes on, soon, with kCancelled, and with it the instance. Any thread.
  void cancel();

  /// The CPU time of all its calls until now.
  std::chrono::nanoseconds cpu_used() const;

 private:
  friend class Module;
  template <class Signature>
  friend struct detail::Function;
  struct Parts;
  explicit Instance(std::unique_ptr<Parts> parts);

  Result<size_t> bind(std::string_view name, const FunctionType& wanted);
  Result<void> call(size_t function, std::span<const uint64_t> words, detail::Take take, void* to);

  std::unique_ptr<Parts> parts_;
};

template <class R, class... A>
struct detail::Function<R(A...)> {
 public:
  /// Calls it on this thread. kLimit, kTrap and kCancelled end the instance: it answers every later call with
  /// the same error.
  Result<R> operator()(const A&... arguments) const {
    Writer words;
    (put(words, arguments), ...);
    Taken<R> taken;
    auto called = instance_->call(number_, words.words(), Taken<R>::take, &taken);
    if (!called) return std::unexpected(std::move(called).error());
    if constexpr (std::is_void_v<R>) {
      return {};
    } else {
      return std::move(*taken.value);
    }
  }

 private:
  friend class berth::Instance;
  Function(std::shared_ptr<Instance> instance, size_t number)
      : instance_(std::move(instance)), number_(number) {}

  static FunctionType type() {
    FunctionType made;
    (made.parameters.push_back(part(type_of<A>())), ...);
    if constexpr (!std::is_void_v<R>) made.result = type_of<R>();
    return made;
  }

  std::shared_ptr<Instance> instance_;
  size_t number_;
};

template <class Signature>
Result<Function<Signature>> Instance::function(std::string_view name) {
  auto number = bind(name, Function<Signature>::type());
  if (!number) return std::unexpected(std::move(number).error());
  return Function<Signature>(shared_from_this(), *number);
}

}  // namespace berth
