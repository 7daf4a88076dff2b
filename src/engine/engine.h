// SPDX-License-Identifier: Apache-2.0
#pragma once
// C++ ownership over the engine's C ABI: its threads, its compiled modules, its calls. Nothing above this
// room sees a Wasmtime or Rust type.
//
// An `Engine` owns the threads ("lanes") that guests run on; a call is a task on one of them, never a thread
// of its own. All functions here are for any thread. Callbacks come on the engine's threads: they are
// noexcept, never block, and never call back into the engine; they only record, post or complete.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/description.h"
#include "engine/guest.h"

struct berth_runtime;
struct berth_module;
struct berth_call;

namespace berth::engine {

/// How calls are to be held by their engine.
struct EngineKind {
  bool fuel = false;  // counts instructions
  /// The guest has this process for itself. Its code never looks at the clock, which makes it a fifth faster,
  /// and a limit of time that ends it leaves it running: the process has to end.
  bool alone = false;
};

/// What a module needs of its engine and its host, as its types and instances say: known once it is compiled.
struct Needs {
  uint64_t instance_bytes = 0;  // what its instances take on the host
  bool concurrency = false;     // async functions, streams and futures (WASI 0.3), which cost every call
  bool error_contexts = false;  // makes some, whose messages lie in the host's memory

  bool operator==(const Needs&) const = default;
};

/// A compiled module as bytes: machine code, and what it needs.
struct Image {
  std::string code;
  Needs needs;
};

/// Compiles a module on this thread: a component, a core module of preview 1, or the text of either. A
/// hostile one can exhaust this process's memory and time, or end it: `Compiler` is for those.
Result<Image> compile(EngineKind kind, std::string_view module_bytes, uint64_t guards_off = 0);

/// Whose imports a module may have: those that berth links alone, or others, which the program gives it.
enum class Imports { kOurs, kOfProgram };

/// A compiled module. Calls in it may outlive it.
class Module {
 public:
  explicit Module(berth_module* module) : module_(module) {}
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  ~Module();

  /// An error that says why, when it can't be run as a command.
  Result<void> check_command() const;

  /// The functions that it exports: "add: func(a: s32, b: s32) -> s32".
  Result<std::vector<std::string>> functions(Imports imports = Imports::kOurs) const;

  /// The functions that it imports beside WASI's, as a JSON list of descriptions
  /// (engine/guest/src/export.rs).
  Result<std::string> imports() const;

  /// Reads "name(arguments)", the arguments in WAVE, and checks it against the module's types. Nothing is
  /// instantiated. The message of kNotFound is the name that wasn't found; others may have several lines.
  Result<std::unique_ptr<Function>> function(std::string_view call, Notation notation) const;

  const berth_module* abi() const {
    return module_;
  }

 private:
  berth_module* const module_;
};

/// A started call. Dropping it lets the call go on.
class Call {
 public:
  explicit Call(berth_call* call) : call_(call) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call();

  /// Ends the call soon, if it hasn't ended.
  void cancel();

 private:
  berth_call* const call_;
};

class Engine {
 public:
  /// `lanes` threads run guests. They start with the first call or `start_lanes`: until then the engine has
  /// none. Room for `places` instances is kept ready, for modules whose instances come and go.
  static Result<std::unique_ptr<Engine>> create(size_t lanes, uint64_t guards_off = 0, uint32_t places = 0);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  /// Cancels what runs and waits until every `done` has returned.
  ~Engine();

  /// Starts the threads that the first call would else start.
  Result<void> start_lanes() const;

  /// Changes whenever compiled images of this kind stop fitting this engine, whatever their modules need.
  Result<uint64_t> compatibility(EngineKind kind) const;

  /// Takes an image into memory: what is in it is run.
  Result<std::unique_ptr<Module>> open(EngineKind kind, const Image& image) const;

  /// Takes an image that lies in `CodeMemory`, for a process that can't make memory executable. It stays
  /// there for as long as the module, or a call in it, lives.
  Result<std::unique_ptr<Module>> open_executable(EngineKind kind, std::string_view code,
                                                  const Needs& needs) const;

  /// Maps a file that begins with an image: the caller has authenticated the whole file.
  Result<std::unique_ptr<Module>> open_file(EngineKind kind, const std::string& path,
                                            const Needs& needs) const;

  /// `compile` and `open` in one, for modules that are trusted not to harm the compiler.
  Result<std::unique_ptr<Module>> compile(EngineKind kind, std::string_view module_bytes) const;

  /// Runs a command, or the guest's `function`. `done` comes once, on a thread of the engine's, when the
  /// guest and all it held are gone, or with `still_running`; not when an error is returned.
  Result<std::unique_ptr<Call>> start(const Module& module, const Guest& guest,
                                      std::function<void(Outcome)> done) const;

  const berth_runtime* abi() const {
    return runtime_;
  }

 private:
  explicit Engine(berth_runtime* runtime) : runtime_(runtime) {}

  berth_runtime* const runtime_;
};

}  // namespace berth::engine
