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

#include "berth/imports.h"
#include "berth/instance.h"
#include "berth/names.h"
#include "berth/question.h"
#include "berth/result.h"

namespace berth {

class Module;

struct HostOptions {
  /// Threads that move on what instances wait for; calls themselves run on the threads that make them.
  size_t lanes = 1;
  /// Instances that are made in places kept ready, which takes a fifth of the time: so many at once, and no
  /// more (kLimit). Each reserves 8 GiB of addresses, and no memory before it is used. 0: each is
  /// mapped when it is made, and there may be as many as the system lets a process have.
  uint32_t places = 0;
  /// Threads that make the calls which are started (call.h), at most; none until there is one.
  size_t callers = 2;
  /// The `berth` program, to read and compile modules in a process of their own, which a hostile module can't
  /// harm. Where it is empty that happens in this process.
  std::string compiler{};
  /// What modules may have at most on this machine, as host.toml says it. Where it is empty that is the
  /// user's own, as `berth run` reads it; without such a file, or a home folder, there are no bounds. Beside
  /// it may lie trust.toml, whom they trust to vouch for modules: a module's token binds whatever its program
  /// grants, and one that isn't valid is refused (kDenied). Both are read once.
  std::string owner_file{};
  /// Modules count their instructions, so that a policy can limit them (`cpu.fuel`). It slows them down.
  bool count_fuel = false;
  NameOptions names{};
};

/// How much an instance may use. Absent: as `berth run` has it (1 GiB of memory), and no limit of time.
struct InstanceLimits {
  std::optional<uint64_t> memory_bytes{};
  std::optional<std::chrono::nanoseconds> cpu_time{};  // of one call
  std::optional<std::chrono::nanoseconds> wall{};      // of one call, waiting included
};

struct InstanceOptions {
  InstanceLimits limits{};
  /// As `berth run --grant` has them: "files ./data:/data:ro". None: everything is denied.
  std::vector<std::string> grants{};
  /// What `wasi:cli/environment` gives it behind its name.
  std::vector<std::string> arguments{};
  /// What the module imports beside WASI.
  Imports imports{};
  /// A policy as `berth run --policy` reads it: its grants are added to these, its limits count where none is
  /// given here. Whatever is asked for, the owner's bounds hold.
  std::string policy_file{};
  /// Where what it tells of its work (`berth:activity`) is written, a line of JSON each: a file's end, or
  /// "-", which is standard output. It says by itself that it may. None: it is told that nobody listens.
  std::string activity{};
  Decide decide{};  // the program's own no (question.h); none: the policy alone decides
  Audit audit{};
};

/// The engine and its threads. Any thread. Modules and instances keep it. The first one has the process
/// ignore SIGPIPE and SIGXFSZ, unless it handles them: a module could end it by them.
class Host : public std::enable_shared_from_this<Host> {
 public:
  static Result<std::shared_ptr<Host>> create(const HostOptions& options = {});
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host();

  /// Reads and compiles a component, a core module of preview 1, or the text of either: a file, or by a name
  /// (names.h), pulled first where the store doesn't have it. Blocks.
  Result<std::shared_ptr<Module>> load(const std::string& path);
  /// `name` is what messages call it.
  Result<std::shared_ptr<Module>> load(std::span<const std::byte> bytes, std::string name);

  /// Compiles it, for `load_compiled` of a host of this version of berth, on such a machine, that counts fuel
  /// if this one does. Blocks.
  Result<std::vector<std::byte>> compile(std::span<const std::byte> bytes) const;

  /// Takes what `compile` gave, in a fraction of the time. It is machine code, and nothing of it is looked at
  /// before it runs: take it from nobody whose program you wouldn't run. kInvalidModule when it is damaged,
  /// or was compiled by another version or for another machine.
  Result<std::shared_ptr<Module>> load_compiled(std::span<const std::byte> compiled, std::string name);

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

  /// The interfaces that these belong to: "shop:price/rule@1.2.0".
  Result<std::vector<std::string>> interfaces() const;

  /// Makes an instance on this thread. Many may be made, and live on different threads. kInvalidArgument when
  /// functions that it imports aren't given or have other types: all of them, with the types of both.
  Result<std::shared_ptr<Instance>> instantiate(const InstanceOptions& options = {}) const;

 private:
  friend class Host;
  friend class Instance;
  struct Parts;
  explicit Module(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace berth
