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

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "berth/function.h"
#include "berth/value.h"

namespace berth {

template <class T>
class ResourceImports;

/// A function of the program whose values have no C++ types.
using DynamicCallable = std::function<Result<Value>(std::span<const Value> arguments)>;

/// Functions by their names. A value: copies are cheap and share the functions, which go with the last copy
/// and the last instance that has them.
///
/// One set of functions may serve many instances at once: a function is then called from many threads, always
/// on the thread that calls the instance. It may call other instances; a call of its own one is refused,
/// kUnavailable. Its time counts to the call's limits: nothing interrupts it, but a limit that was met
/// meanwhile, or `Instance::cancel`, ends the call when it returns. It has half a MiB of stack at least.
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

  /// Gives a function whose types are known at run time. It is called with as many values as `type` has
  /// parameters, and gives one of its result, or `Value()` where there is none; what doesn't fit is a trap.
  /// `type` has all names; resources of the program have no values here.
  Imports& function(std::string name, FunctionType type, DynamicCallable callable);

  /// Gives a function that answers later, from any thread: its last parameter is a `berth::Answer<T>`, which
  /// it keeps.
  ///
  ///   imports.async_function("price", [&](uint32_t id, berth::Answer<uint64_t> answer) { … });
  ///
  /// The module waits meanwhile, and with it the thread that calls it; `limits.wall` and `Instance::cancel`
  /// end the wait. A module that imports the function as an async one may go on, and call it again, before it
  /// has its answer; such a function may be given by `function`, too, which answers at once. Views of
  /// parameters are there until the function returns. Instances that are given such a function are called on
  /// a fiber, which costs each call some hundred nanoseconds.
  template <class F>
  Imports& async_function(std::string name, F callable) {
    return add_later(std::move(name), std::move(callable), detail::SignatureOf<F>());
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

  /// Gives a class for a resource, "shop:price/carts@1.0.0.cart"; its functions are given with what this
  /// returns. A class stands for one resource.
  template <class T>
  ResourceImports<T> resource(std::string name);

  /// For the library: the functions, in the order in which they were given.
  const std::vector<std::shared_ptr<const detail::HostFunction>>& functions() const;
  /// For the library: the classes, with the names of their resources.
  const std::vector<std::pair<const void*, std::string>>& resources() const;

 private:
  template <class T>
  friend class ResourceImports;
  using Functions = std::vector<std::shared_ptr<const detail::HostFunction>>;
  struct Given {
    Functions functions;
    std::vector<std::pair<const void*, std::string>> resources;
  };

  void add(std::shared_ptr<const detail::HostFunction> function);
  void add_resource(const void* of, std::string name);

  template <class F, class... A>
  Imports& add_later(std::string name, F callable, detail::Signature<void(A...)>) {
    using Later = detail::Later<std::tuple<>, A...>;
    using Function = detail::LaterCallable<F, typename Later::Value, typename Later::Parameters>;
    add(std::make_shared<const Function>(std::move(name), std::move(callable)));
    return *this;
  }

  template <class Object, class Member, class R, class... A>
  Imports& add_member(std::string name, Object object, Member member, detail::Signature<R(A...)>) {
    return function(std::move(name), [object = std::move(object), member](A... arguments) -> R {
      return ((*object).*member)(std::forward<A>(arguments)...);
    });
  }

  std::shared_ptr<const Given> given_;
};

/// The functions of a resource:
///
///   imports.resource<Cart>("shop:price/carts@1.0.0.cart")
///       .constructor([&](std::string owner) { return Cart(owner); })
///       .method("add", &Cart::add)                                     // [method]cart.add
///       .method("total", [&](Cart& cart, bool taxes) { … })
///       .function("open-carts", [&] { … });                            // [static]cart.open-carts
///
/// Elsewhere the class is `Own<Cart>` and `Borrow<Cart>`. Objects of it are used on the threads of the
/// instances that hold them, and destroyed there.
template <class T>
class ResourceImports {
 public:
  /// A function that gives a T, an `Own<T>`, or either as a `berth::Result`.
  template <class F>
  ResourceImports& constructor(F callable) {
    return add_constructor(std::move(callable), detail::SignatureOf<F>());
  }
  /// A member function of T, or a function that takes a `T&` first.
  template <class F>
  ResourceImports& method(const std::string& name, F callable) {
    if constexpr (std::is_member_function_pointer_v<F>) {
      return add_member(name, callable, detail::SignatureOf<F>());
    } else {
      return add_method(name, std::move(callable), detail::SignatureOf<F>());
    }
  }
  template <class F>
  ResourceImports& function(const std::string& name, F callable) {
    imports_.function(interface_ + "[static]" + name_ + "." + name, std::move(callable));
    return *this;
  }

 private:
  friend class Imports;
  ResourceImports(Imports& imports, const std::string& name)
      : imports_(imports),
        interface_(name.substr(0, name.rfind('.') + 1)),
        name_(name.substr(name.rfind('.') + 1)) {}

  static Own<T> owned(T object) {
    return Own<T>::make(std::move(object));
  }
  static Own<T> owned(Own<T> object) {
    return object;
  }

  template <class F, class R, class... A>
  ResourceImports& add_constructor(F callable, detail::Signature<R(A...)>) {
    imports_.function(interface_ + "[constructor]" + name_,
                      [callable = std::move(callable)](A... arguments) -> Result<Own<T>> {
                        if constexpr (detail::Gives<R>::kFails) {
                          auto made = callable(std::forward<A>(arguments)...);
                          if (!made) return std::unexpected(std::move(made).error());
                          return owned(std::move(*made));
                        } else {
                          return owned(callable(std::forward<A>(arguments)...));
                        }
                      });
    return *this;
  }
  template <class F, class R, class... A>
  ResourceImports& add_member(const std::string& name, F member, detail::Signature<R(A...)>) {
    imports_.function(method_name(name), [member](Borrow<T> self, A... arguments) -> R {
      return ((*self).*member)(std::forward<A>(arguments)...);
    });
    return *this;
  }
  template <class F, class R, class Self, class... A>
  ResourceImports& add_method(const std::string& name, F callable, detail::Signature<R(Self, A...)>) {
    imports_.function(method_name(name),
                      [callable = std::move(callable)](Borrow<T> self, A... arguments) -> R {
                        return callable(*self, std::forward<A>(arguments)...);
                      });
    return *this;
  }
  std::string method_name(const std::string& name) const {
    return interface_ + "[method]" + name_ + "." + name;
  }

  Imports& imports_;
  const std::string interface_;  // with its dot; empty for a resource of the world
  const std::string name_;
};

template <class T>
ResourceImports<T> Imports::resource(std::string name) {
  ResourceImports<T> made(*this, name);
  add_resource(detail::resource_class<T>(), std::move(name));
  return made;
}

}  // namespace berth
