// SPDX-License-Identifier: Apache-2.0
#pragma once
// A module while it runs, and its functions with the types of C++. Made by `Module::instantiate` (host.h).

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>

#include "berth/brought.h"
#include "berth/call.h"
#include "berth/codec.h"
#include "berth/resource.h"
#include "berth/result.h"
#include "berth/type.h"

namespace berth {

class DynamicFunction;
class Module;

namespace detail {

/// Takes a result out of its words; false when there was no memory for it.
using Take = bool (*)(void* to, Reader from) noexcept;

/// Where the result of a call goes.
template <class R>
struct Taken {
  std::optional<R> value;

  static bool take(void* to, Reader from) noexcept try {
    static_cast<Taken*>(to)->value.emplace(detail::take<R>(from));
    return true;
  } catch (...) {
    return false;
  }
};
template <>
struct Taken<void> {
  static bool take(void*, Reader) noexcept {
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
  /// "shop:price/rule@1.2.0.total", which a later version that breaks nothing has as well. kInvalidArgument
  /// when its types are others, with both; kNotFound.
  template <class Signature>
  Result<Function<Signature>> function(std::string_view name);
  /// The same without C++ types: it takes and gives values of whatever types it has (value.h). kUnsupported
  /// when one of them has no values here: resources of the program, a stream without a type.
  Result<DynamicFunction> function(std::string_view name);

  /// Runs a command, which is a module that exports `wasi:cli/run`, with `InstanceOptions::arguments`. Gives
  /// its exit status: what it ended itself with, and then it answers no more calls; otherwise 0, or 1 where
  /// its run failed. kNotFound where it is none; all else as the error of a call.
  Result<int> run();
  /// The same, on a thread of the host's own (call.h): so many go on at once as it has
  /// (`HostOptions::callers`).
  Call<int> start_run();

  /// Ends the call that goes on, soon, with kCancelled, and with it the instance. Any thread.
  void cancel();

  /// The CPU time of all its calls until now.
  std::chrono::nanoseconds cpu_used() const;

  /// What content came for it until now, and from where: also as files and over HTTP. Any thread.
  Brought brought() const;

 private:
  friend class DynamicFunction;
  friend class Module;
  template <class Signature>
  friend struct detail::Function;
  friend class detail::Channel;
  friend class detail::Held;
  struct Parts;
  explicit Instance(std::unique_ptr<Parts> parts);

  Result<size_t> bind(std::string_view name, FunctionType wanted);
  detail::Resources& resources() const;
  Result<void> call(size_t function, std::span<const uint64_t> words, detail::Take take, void* to);
  void start(std::shared_ptr<detail::Started> call);
  void start_beside(std::shared_ptr<detail::Started> call);
  /// Has its tasks go on until `done`, which is asked at this time, too. False beside another call.
  bool go_on(std::optional<std::chrono::steady_clock::time_point> until, const std::function<bool()>& done);
  void drop(uint64_t resource) noexcept;

  std::unique_ptr<Parts> parts_;
};

template <class R, class... A>
struct detail::Function<R(A...)> {
 public:
  /// Calls it on this thread. kLimit, kTrap and kCancelled end the instance: it answers every later call with
  /// the same error.
  Result<R> operator()(const A&... arguments) const {
    Writer words(instance_->resources());
    (put(words, arguments), ...);
    if (words.refused() != nullptr) return fail(ErrorCode::kInvalidArgument, words.refused());
    Taken<R> taken;
    auto called = instance_->call(number_, words.words(), Taken<R>::take, &taken);
    if (!called) return std::unexpected(std::move(called).error());
    words.delivered();
    if constexpr (std::is_void_v<R>) {
      return {};
    } else {
      return std::move(*taken.value);
    }
  }

  /// Starts a call, with copies of the arguments and of what they see, and comes back at once (call.h). What
  /// a `Borrow` of the program's lends is there until the call has ended.
  Call<R> start(const A&... arguments) const {
    auto call = [function = *this, kept = std::tuple<typename Kept<A>::Value...>(keep<A>(arguments)...)] {
      return std::apply([&](const auto&... values) { return function(lent<A>(values)...); }, kept);
    };
    auto started = std::make_shared<StartedBy<R, decltype(call)>>(instance_, std::move(call));
    instance_->start(started);
    return Call<R>(std::move(started));
  }

 private:
  friend class berth::Instance;
  template <class T>
  static typename Kept<T>::Value keep(const T& value) {
    if constexpr (requires { value.begin(); } && !std::same_as<typename Kept<T>::Value, T>) {
      return {value.begin(), value.end()};
    } else {
      return value;
    }
  }
  template <class T>
  static T lent(const typename Kept<T>::Value& value) {
    if constexpr (std::same_as<T, const char*>) {
      return value.c_str();
    } else {
      return value;
    }
  }
  Function(std::shared_ptr<Instance> instance, size_t number)
      : instance_(std::move(instance)), number_(number) {}

  static FunctionType type() {
    return function_type<R, A...>();
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
