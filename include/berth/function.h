// SPDX-License-Identifier: Apache-2.0
#pragma once
// A C++ function that a module calls: its types, how its arguments are read and its result is written. For
// the templates of imports.h alone.

#include <concepts>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "berth/answer.h"
#include "berth/codec.h"
#include "berth/reply.h"
#include "berth/result.h"
#include "berth/signature.h"
#include "berth/type.h"
#include "berth/words.h"

namespace berth::detail {

/// A function of the program, of whatever type. Any thread, also at once.
class HostFunction {
 public:
  HostFunction(std::string name, FunctionType type) : name_(std::move(name)), type_(std::move(type)) {}
  HostFunction(const HostFunction&) = delete;
  HostFunction& operator=(const HostFunction&) = delete;
  virtual ~HostFunction() = default;

  const std::string& name() const {
    return name_;
  }
  const FunctionType& type() const {
    return type_;
  }
  /// Whether its values have no C++ types.
  virtual bool dynamic() const {
    return false;
  }
  /// Whether it answers later.
  virtual bool answers_later() const {
    return false;
  }
  /// With the words of its parameters. Throws what the function throws.
  virtual void call(Reader from, Reply& to) const = 0;

 private:
  const std::string name_;
  const FunctionType type_;
};

/// How a parameter is read: as a value, or as a view of the module's memory.
template <class A>
struct Argument {
  using Value = std::remove_cvref_t<A>;
  static_assert(!std::is_lvalue_reference_v<A> || std::is_const_v<std::remove_reference_t<A>>,
                "a module's arguments are values: take them as T, const T& or T&&");
  static Value take(Reader& from) {
    return detail::take<Value>(from);
  }
};
template <class A>
  requires std::same_as<std::remove_cvref_t<A>, std::string_view>
struct Argument<A> {
  using Value = std::string_view;
  static Value take(Reader& from) {
    const auto letters = from.piece<char>();
    return {letters.data(), letters.size()};
  }
};
template <class T>
struct SpanOf;
template <InOnePiece T>
struct SpanOf<std::span<const T>> {
  using Element = T;
};
template <class A>
  requires requires { typename SpanOf<std::remove_cvref_t<A>>::Element; }
struct Argument<A> {
  using Element = typename SpanOf<std::remove_cvref_t<A>>::Element;
  using Value = std::span<const Element>;
  static Value take(Reader& from) {
    return from.piece<Element>();
  }
};

/// What a function gives, and how it fails without a type of WIT for it.
template <class R>
struct Gives {
  using Value = R;
  static constexpr bool kFails = false;
};
template <class T>
struct Gives<std::expected<T, Error>> {
  using Value = T;
  static constexpr bool kFails = true;
};

template <class T>
void answer(Reply& to, T value) {
  // It has to own what it holds, as it is read when the function is gone: such types can be taken, too.
  static_cast<void>(static_cast<T (*)(Reader&)>(&Codec<T>::take));
  if constexpr (std::is_trivially_destructible_v<T>) {
    put(to.words(), value);
  } else {
    put(to.words(), to.hold(std::move(value)));
  }
}

template <class F, class Signature>
class Callable;

template <class F, class R, class... A>
class Callable<F, R(A...)> final : public HostFunction {
  using Value = typename Gives<std::remove_cvref_t<R>>::Value;
  static_assert(std::is_invocable_v<const F&, A...>,
                "a function that a module calls may be called from many threads: it can't be mutable");

 public:
  Callable(std::string name, F callable)
      : HostFunction(std::move(name), function_type<Value, typename Argument<A>::Value...>()),
        callable_(std::move(callable)) {}

  void call([[maybe_unused]] Reader from, [[maybe_unused]] Reply& to) const override {
    // In this order: braces.
    std::tuple<typename Argument<A>::Value...> arguments{Argument<A>::take(from)...};
    const auto called = [&]() -> R {
      return std::apply(
          [&](auto&... values) -> R { return std::invoke(callable_, static_cast<A&&>(values)...); },
          arguments);
    };
    if constexpr (std::is_void_v<R>) {
      called();
    } else if constexpr (Gives<std::remove_cvref_t<R>>::kFails) {
      std::remove_cvref_t<R> result = called();
      if (!result) return to.fail(std::move(result).error().message);
      if constexpr (!std::is_void_v<Value>) answer(to, std::move(*result));
    } else {
      answer(to, called());
    }
  }

 private:
  const F callable_;
};

template <class T>
class PendingOf final : public Pending {
  using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

 public:
  template <class... V>
  bool set(V&&... value) {
    return answer([&] { value_.emplace(std::forward<V>(value)...); });
  }

 private:
  void write([[maybe_unused]] Reply& to) override {
    if constexpr (!std::is_void_v<T>) detail::answer<T>(to, std::move(*value_));
  }

  std::optional<Value> value_;
};

template <class T>
struct AnswerOf;
template <class T>
struct AnswerOf<Answer<T>> {
  using Value = T;
};

/// The last parameter of a function that answers later, and the ones before.
template <class Before, class... A>
struct Later;
template <class... B, class Last>
struct Later<std::tuple<B...>, Last> : AnswerOf<std::remove_cvref_t<Last>> {
  using Parameters = std::tuple<B...>;
};
template <class... B, class First, class Second, class... A>
struct Later<std::tuple<B...>, First, Second, A...> : Later<std::tuple<B..., First>, Second, A...> {};

template <class F, class T, class Parameters>
class LaterCallable;

template <class F, class T, class... A>
class LaterCallable<F, T, std::tuple<A...>> final : public HostFunction {
  static_assert(std::is_invocable_v<const F&, A..., Answer<T>>,
                "a function that a module calls may be called from many threads: it can't be mutable");

 public:
  LaterCallable(std::string name, F callable)
      : HostFunction(std::move(name), function_type<T, typename Argument<A>::Value...>()),
        callable_(std::move(callable)) {}

  bool answers_later() const override {
    return true;
  }

  void call([[maybe_unused]] Reader from, Reply& to) const override {
    std::tuple<typename Argument<A>::Value...> arguments{Argument<A>::take(from)...};
    auto pending = std::make_shared<PendingOf<T>>();
    to.wait_for(pending);
    std::apply(
        [&](auto&... values) {
          std::invoke(callable_, static_cast<A&&>(values)..., Answer<T>(std::move(pending)));
        },
        arguments);
  }

 private:
  const F callable_;
};

}  // namespace berth::detail
