// SPDX-License-Identifier: Apache-2.0
#pragma once
// Resources: objects that one side has and the other one holds by a handle.
//
// A resource of the program is a C++ class, bound by `Imports::resource`. A module that holds one has a
// number in its handle table; the object itself lies in a table of the instance until the module drops it or
// gives it back, or the instance goes. A module that makes up a handle gets a trap.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

#include "berth/codec.h"
#include "berth/type.h"
#include "berth/words.h"

namespace berth {

class Instance;

namespace detail {

class Channel;

template <class T>
concept ModuleResource = requires { Describe<T>::kResource; };

/// A resource of a module, held by the program. Dropped on whichever thread lets go of it last; beside a call
/// of its instance, when that has ended.
class Held {
 public:
  Held(std::weak_ptr<Instance> instance, uint64_t word) : instance_(std::move(instance)), word_(word) {}
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held();

  /// Writes its word, for its own instance alone, as long as the program has it.
  void lend(Writer& to) const;
  static void give_back(Writer& to, const std::shared_ptr<Held>& held);

 private:
  friend class Writer;

  const std::weak_ptr<Instance> instance_;
  const uint64_t word_;
  std::atomic<bool> given_back_ = false;
};

}  // namespace detail

/// WIT's `own<T>`: an object that is handed over. What a module gets so is shared with the copies that the
/// program keeps, and what a module gives so is the program's alone, unless it kept one.
template <class T>
class Own {
 public:
  explicit Own(std::shared_ptr<T> object) : object_(std::move(object)) {}

  /// `Own<Cart>::make(arguments of Cart's constructor)`.
  template <class... A>
  static Own make(A&&... arguments) {
    return Own(std::make_shared<T>(std::forward<A>(arguments)...));
  }

  T& operator*() const {
    return *object_;
  }
  T* operator->() const {
    return object_.get();
  }
  const std::shared_ptr<T>& object() const {
    return object_;
  }

 private:
  std::shared_ptr<T> object_;
};

/// The same of a module's resource. Copies share it; once it was handed over to its module, all of them are
/// empty.
template <detail::ModuleResource T>
class Own<T> {
 public:
  explicit Own(std::shared_ptr<detail::Held> held) : held_(std::move(held)) {}

  const std::shared_ptr<detail::Held>& held() const {
    return held_;
  }

 private:
  std::shared_ptr<detail::Held> held_;
};

/// WIT's `borrow<T>`: an object that is lent for one call. As a parameter of a program's function it is there
/// until that returns; given to a module's function, it outlives the call.
template <class T>
class Borrow {
 public:
  explicit Borrow(T& object) : object_(&object) {}
  Borrow(const Own<T>& own) : object_(&*own) {}  // NOLINT(google-explicit-constructor): it is lent

  T& operator*() const {
    return *object_;
  }
  T* operator->() const {
    return object_;
  }

 private:
  T* object_;
};

/// A module's resource, lent to the module for a call.
template <detail::ModuleResource T>
class Borrow<T> {
 public:
  Borrow(Own<T> own) : own_(std::move(own)) {}  // NOLINT(google-explicit-constructor): it is lent

  const std::shared_ptr<detail::Held>& held() const {
    return own_.held();
  }

 private:
  Own<T> own_;
};

namespace detail {

/// Which class a resource is of.
template <class T>
const void* resource_class() {
  static char of = 0;  // its address is meant
  return &of;
}

/// The program's objects that one instance holds, by their numbers. Any thread: a call may be prepared while
/// another one goes on.
class Resources {
 public:
  Resources() = default;
  Resources(const Resources&) = delete;
  Resources& operator=(const Resources&) = delete;

  uint32_t add(std::shared_ptr<void> object, const void* of);
  /// Throws when there is no such object of this class; so does `take`.
  void* get(uint32_t number, const void* of) const;
  /// It is the instance's no more.
  std::shared_ptr<void> take(uint32_t number, const void* of);
  /// Destroys it, if nobody else has it.
  void drop(uint32_t number) noexcept;

  /// How many there are.
  size_t count() const;

  /// What the program reads of a stream or a future that the module gave under a word, and whoever has it
  /// then; null when nobody expects it.
  void expect(uint64_t word, std::shared_ptr<Channel> channel);
  std::shared_ptr<Channel> expected(uint64_t word);

  /// Whose they are.
  void set_instance(std::weak_ptr<Instance> instance) {
    instance_ = std::move(instance);
  }
  const std::weak_ptr<Instance>& instance() const {
    return instance_;
  }

 private:
  struct Place {
    std::shared_ptr<void> object;
    const void* of = nullptr;  // null: the place is free
  };

  const Place& find(uint32_t number, const void* of) const;
  Place free(uint32_t number) noexcept;

  std::weak_ptr<Instance> instance_;
  mutable std::mutex mutex_;
  std::vector<Place> places_;
  std::vector<uint32_t> free_;
  std::map<uint64_t, std::shared_ptr<Channel>> expected_;
};

template <class T>
struct Codec<Own<T>> {
  static Type type() {
    return {.kind = Type::Kind::kOwn, .resource = resource_class<T>()};
  }
  static void put(Writer& to, const Own<T>& value) {
    to.hand_over(to.resources().add(value.object(), resource_class<T>()));
  }
  static Own<T> take(Reader& from) {
    const auto number = static_cast<uint32_t>(from.next());
    return Own<T>(std::static_pointer_cast<T>(from.resources().take(number, resource_class<T>())));
  }
};

template <class T>
struct Codec<Borrow<T>> {
  static Type type() {
    return {.kind = Type::Kind::kBorrow, .resource = resource_class<T>()};
  }
  static void put(Writer& to, const Borrow<T>& value) {
    const std::shared_ptr<void> not_owned(std::shared_ptr<void>(),
                                          const_cast<std::remove_const_t<T>*>(&*value));
    to.lend(to.resources().add(not_owned, resource_class<T>()));
  }
  static Borrow<T> take(Reader& from) {
    const auto number = static_cast<uint32_t>(from.next());
    return Borrow<T>(*static_cast<T*>(from.resources().get(number, resource_class<T>())));
  }
};

template <ModuleResource T>
struct Codec<Own<T>> {
  static Type type() {
    return {.kind = Type::Kind::kOwn, .name = Describe<T>::name()};
  }
  static void put(Writer& to, const Own<T>& value) {
    Held::give_back(to, value.held());
  }
  static Own<T> take(Reader& from) {
    return Own<T>(std::make_shared<Held>(from.resources().instance(), from.next()));
  }
};

template <ModuleResource T>
struct Codec<Borrow<T>> {
  static Type type() {
    return {.kind = Type::Kind::kBorrow, .name = Describe<T>::name()};
  }
  static void put(Writer& to, const Borrow<T>& value) {
    value.held()->lend(to);
  }
};

}  // namespace detail
}  // namespace berth
