// SPDX-License-Identifier: Apache-2.0
#pragma once
// Instances that a program holds on to and calls with typed values, on its own threads.
//
// Values cross as words of 64 bits in the order of their type (engine/values/src/lib.rs has the table): no
// value of the engine's is made in between.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/engine.h"

struct berth_canceller;
struct berth_export;
struct berth_live;
struct berth_meter;
struct berth_waiter;

namespace berth::engine {

/// A function that a module exports. Any thread.
class Export {
 public:
  /// By the name that `berth call` takes. The message of kNotFound is the name, where none is like it.
  static Result<Export> find(const Module& module, std::string_view name);
  Export(Export&& other) noexcept;
  Export& operator=(Export&&) = delete;
  ~Export();

  /// Its name and types, as JSON (engine/guest/src/export.rs).
  const std::string& description() const {
    return description_;
  }
  const berth_export* abi() const {
    return export_;
  }

 private:
  Export(berth_export* found, std::string description)
      : export_(found), description_(std::move(description)) {}

  berth_export* export_;
  std::string description_;
};

/// Ends the calls of an instance, which it may outlive. Any thread.
class Canceller {
 public:
  explicit Canceller(berth_canceller* canceller) : canceller_(canceller) {}
  Canceller(const Canceller&) = delete;
  Canceller& operator=(const Canceller&) = delete;
  ~Canceller();

  void cancel();

 private:
  berth_canceller* const canceller_;
};

/// Whoever calls a function: what becomes of the call is told on the calling thread, once.
class Caller {
 public:
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  /// Words that are there until this returns.
  virtual void returned(std::span<const uint64_t> words) noexcept = 0;
  virtual void failed(Outcome outcome) noexcept = 0;

 protected:
  Caller() = default;
  ~Caller() = default;
};

/// Wakes an instance that waits for a function of the program, to collect its answer. It may outlive the
/// instance. Any thread.
class Waiter {
 public:
  Waiter();
  explicit Waiter(berth_waiter* waiter) : waiter_(waiter) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter();

  void wake() noexcept;
  const berth_waiter* abi() const {
    return waiter_;
  }

 private:
  berth_waiter* const waiter_;
};

/// What the program reads of a module. All of it is called on the thread that calls the instance; it goes
/// when no more comes.
class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  virtual ~Sink() = default;

  /// How many values it wants now; none when it never will again.
  virtual std::optional<size_t> wanted() noexcept = 0;
  /// Words of a list, which are there until this returns. False when there is no memory for the values.
  virtual bool deliver(std::span<const uint64_t> words) noexcept = 0;
};

/// Values for a module, until they go.
class Values {
 public:
  Values() = default;
  Values(const Values&) = delete;
  Values& operator=(const Values&) = delete;
  virtual ~Values() = default;

  virtual std::span<const uint64_t> words() const noexcept = 0;
  virtual size_t count() const noexcept = 0;
  /// The module has them.
  virtual void delivered() noexcept = 0;
};

/// What the program writes to a module. As `Sink`; it goes when nobody reads any more.
class Source {
 public:
  enum class Taken { kNone, kSome, kEnd, kRefused };  // the numbers of the ABI

  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  /// So many values at most, of 0 none.
  virtual Taken take(size_t most, std::unique_ptr<Values>& values) noexcept = 0;
};

/// Whoever has the functions that a module imports: each has a number, in the order of `Module::imports`.
/// Called on the thread that calls the instance.
class Program {
 public:
  struct Answer {
    std::span<const uint64_t> words;  // these and what they point to are there until the next call
    bool held = false;                // `release` is called once they have been read
    bool later = false;               // there is none yet: the module waits
    std::string_view failure;         // why there is none; as long as the words
  };

  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// With words that are there until this returns. True when there is an answer.
  virtual bool call(size_t function, std::span<const uint64_t> words, Answer& answer) noexcept = 0;
  /// Asks for the answer that was to come later. Called when the waiter was woken, and also for no reason.
  virtual bool collect(Answer& answer) noexcept = 0;
  /// Whether functions may answer later: calls are on a fiber then. It doesn't change.
  virtual bool answers_later() const noexcept = 0;
  virtual const Waiter& waiter() const noexcept = 0;
  /// A call of a function that is async in WIT. It goes when its words were read, or nobody wants them.
  class Begun {
   public:
    Begun() = default;
    Begun(const Begun&) = delete;
    Begun& operator=(const Begun&) = delete;
    virtual ~Begun() = default;

    /// As `collect`, for this call; the words are there as long as this.
    virtual bool poll(Answer& answer) noexcept = 0;
  };
  /// Calls such a function; others may follow before it has answered, which `waiter` is woken for. Null when
  /// there is no memory.
  virtual std::unique_ptr<Begun> begin(size_t function, std::span<const uint64_t> words,
                                       std::unique_ptr<Waiter> waiter) noexcept = 0;

  /// Whoever reads what the module gave as this word; null when nobody does. `waiter` is woken when more is
  /// wanted.
  virtual std::unique_ptr<Sink> sink(uint64_t word, std::unique_ptr<Waiter> waiter) noexcept = 0;
  /// Whoever writes what the program gives as this word; null when there is nobody. `waiter` is woken when
  /// there is something.
  virtual std::unique_ptr<Source> source(uint64_t word, std::unique_ptr<Waiter> waiter) noexcept = 0;

  /// Lets go of the last answer that was held.
  virtual void release() noexcept = 0;
  /// The module has dropped a resource of the program's, by the number that the program gave it.
  virtual void drop(uint32_t resource) noexcept = 0;

 protected:
  Program() = default;
  ~Program() = default;
};

/// An instance. One thread at a time; another one may follow.
class Live {
 public:
  /// Made on this thread, its start under the limits of one call. What `guest` lends outlives it, and so
  /// does `program`, which the start may call already. An outcome when the module's own code failed.
  static std::expected<std::unique_ptr<Live>, Outcome> create(const Engine& engine, const Module& module,
                                                              const Guest& guest, Program& program);
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;
  ~Live();

  /// A number for a function of the same module.
  Result<size_t> bind(const Export& function);

  /// Calls a function that was bound. After a failure the instance answers no more calls.
  void call(size_t function, std::span<const uint64_t> words, Caller& caller);

  /// Has the instance's tasks go on, which is a call, until `done` gives true: it is asked when `waiter` was
  /// woken, and after this time, if there is one. An outcome when that failed: the instance answers no more
  /// calls.
  std::expected<void, Outcome> go_on(const Waiter& waiter, std::optional<std::chrono::nanoseconds> time,
                                     const std::function<bool()>& done);

  /// Drops a resource of the module's that it gave, which is a call. False when that failed: the instance
  /// answers no more calls.
  bool drop(uint64_t resource);

  /// Calls wait on a fiber, as imports of the module may.
  bool on_fiber() const;

  std::unique_ptr<Canceller> canceller() const;

  std::chrono::nanoseconds cpu_used() const;

 private:
  struct Lending;
  explicit Live(std::unique_ptr<Lending> lending);

  std::unique_ptr<Lending> lending_;
  berth_live* live_ = nullptr;
};

}  // namespace berth::engine
