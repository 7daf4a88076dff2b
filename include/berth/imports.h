// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a program gives to a module: C++ functions for the functions that the module imports.
//
//   berth::Imports imports;
//   imports.function("shop:price/catalog@1.0.0.price", [&](uint32_t id) { return catalog.price(id); });
//   imports.function("log", [](std::string_view line) { std::cerr << line << '\n'; });
//   auto instance = module->instantiate({.imports = imports}).value();
//
// A module gets no more than it imports; what its world imports and isn't given, or has other types, is an
// error of `instantiate`.

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "berth/function.h"

namespace berth {

/// Functions by their names. A value: copies are cheap and share the functions, which go with the last copy
/// and the last instance that has them.
///
/// One set of functions may serve many instances at once: a function is then called from many threads, always
/// on the thread that calls the instance. It may call other instances; a call of its own one is refused,
/// kUnavailable. Its time counts to the call's limits: nothing interrupts it, but a limit that was met
/// meanwhile, or `Instance::cancel`, ends the call when it returns.
class Imports {
 public:
  /// Gives a function: a lambda, a pointer to a function, a `std::function`. Parameters and result have the
  /// types of codec.h; `std::string_view` and `std::span<const T>` of numbers see a parameter as it lies in
  /// the module's memory, until the function returns. A result owns what it holds.
  ///
  /// Where the function returns `berth::Result<T>` and WIT has T, an error in it is a trap of the module with
  /// its message; so is an exception, of any function. A WIT `result<T, E>` is `std::expected<T, E>`.
  ///
  /// `name` is that of an import: "log" for a function of the world itself, else the interface and the
  /// function, "shop:price/catalog@1.0.0.price"; the interface may go without its version, and without its
  /// package. Versions fit as far as they are compatible: 1.0.0 and 1.2.0, or 0.2.1 and 0.2.3. Where several
  /// names fit an import, the most exact one counts, and of those the one that was given last.
  template <class F>
  Imports& function(std::string name, F callable) {
    using Signature = typename detail::SignatureOf<F>::type;
    add(std::make_shared<const detail::Callable<F, Signature>>(std::move(name), std::move(callable)));
    return *this;
  }

  /// Gives a member function of an object, which is there as long as the functions.
  template <class Object, class Member>
    requires std::is_member_function_pointer_v<Member>
  Imports& function(std::string name, Object* object, Member member) {
    return add_member(std::move(name), object, member, detail::SignatureOf<Member>());
  }
  /// The same of an object that the functions keep.
  template <class Object, class Member>
    requires std::is_member_function_pointer_v<Member>
  Imports& function(std::string name, std::shared_ptr<Object> object, Member member) {
    return add_member(std::move(name), std::move(object), member, detail::SignatureOf<Member>());
  }

  /// For the library: the functions, in the order in which they were given.
  const std::vector<std::shared_ptr<const detail::HostFunction>>& functions() const;

 private:
  using Functions = std::vector<std::shared_ptr<const detail::HostFunction>>;

  void add(std::shared_ptr<const detail::HostFunction> function);

  template <class Object, class Member, class R, class... A>
  Imports& add_member(std::string name, Object object, Member member, detail::Signature<R(A...)>) {
    return function(std::move(name), [object = std::move(object), member](A... arguments) -> R {
      return ((*object).*member)(std::forward<A>(arguments)...);
    });
  }

  std::shared_ptr<const Functions> functions_;
};

}  // namespace berth
